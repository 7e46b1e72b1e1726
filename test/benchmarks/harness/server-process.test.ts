/** A server that takes its time to end, as one that writes its data to disk. */

import { expect, onTestFinished, test } from 'vitest';
import { ServerProcess } from '../../../benchmarks/harness/server-process.ts';
import { systemClock } from '../../../model/clock.ts';
import { freePort } from '../../helpers/services.ts';

/** Answers on the port it is given, and ends some time after it was told to. */
const slowServer = `
const server = require('node:http').createServer((_, response) => response.end());
server.listen(+process.argv[1], '127.0.0.1');
process.on('SIGTERM', () => setTimeout(() => process.exit(), 500));
`;

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test('whoever ends it while somebody else does waits until it is gone', async () => {
  const port = await freePort();
  const server = new ServerProcess(
    {
      program: process.execPath,
      args: ['-e', slowServer, String(port)],
      env: {},
      url: `http://127.0.0.1:${port}`,
      readyPath: '/',
      debianPackage: 'nodejs',
    },
    systemClock,
  );
  onTestFinished(() => server.end('SIGKILL'));
  await server.begin();
  const pid = server.pid!;
  const away = server.end();
  expect(server.pid).toBe(null);
  await server.end();
  expect(lives(pid)).toBe(false);
  await away;
  await server.begin();
  expect(server.pid).not.toBe(pid);
  await server.end();
});
