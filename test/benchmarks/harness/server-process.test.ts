/** A server that takes its time to end, as one that writes its data to disk. */

import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import { ServerProcess } from '../../../benchmarks/harness/server-process.ts';
import { systemClock } from '../../../model/clock.ts';
import { MarkedProcess } from '../../helpers/descendants.ts';
import { eventually } from '../../helpers/eventually.ts';
import { freePort, programIsThere } from '../../helpers/services.ts';

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

async function slow(): Promise<ServerProcess> {
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
  return server;
}

test('whoever ends it while somebody else does waits until it is gone', async () => {
  const server = await slow();
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

test('it tells when it ends by itself, and not when it is told to', async () => {
  const server = await slow();
  const told: string[] = [];
  server.whenItDies((reason) => told.push(reason));
  await server.begin();
  await server.end();
  await server.begin();
  expect(told).toEqual([]);
  process.kill(server.pid!, 'SIGKILL');
  await eventually(() => told.length).toBe(1);
  expect(told[0]).toMatch(/ended with SIGKILL/);
});

test.skipIf(!programIsThere('setpriv'))('it does not outlive whoever started it', async () => {
  const parent = new MarkedProcess([
    fileURLToPath(new URL('./server-owner.ts', import.meta.url)),
    slowServer,
    String(await freePort()),
  ]);
  await eventually(() => parent.stdout).toMatch(/^\d+\n/);
  parent.child.kill('SIGKILL');
  await eventually(() => lives(Number(parent.stdout))).toBe(false);
});
