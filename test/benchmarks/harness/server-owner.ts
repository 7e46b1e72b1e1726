/** Starts a server, prints its process, and waits to be killed. */

import { ServerProcess } from '../../../benchmarks/harness/server-process.ts';
import { systemClock } from '../../../model/clock.ts';

const [code = '', port = ''] = process.argv.slice(2);
const server = new ServerProcess(
  {
    program: process.execPath,
    args: ['-e', code, port],
    env: {},
    url: `http://127.0.0.1:${port}`,
    readyPath: '/',
    debianPackage: 'nodejs',
  },
  systemClock,
);
await server.begin();
process.stdout.write(`${server.pid}\n`);
setInterval(() => {}, 1000);
