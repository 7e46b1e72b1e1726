/** Ports for a gateway that may be started again and must be found where it was. */

import { createServer } from 'node:net';

/**
 * Below what kernels give to outgoing connections (Linux: 32768; IANA: 49152), so that no connection
 * of a fleet has taken it when a process that was killed comes back.
 */
const firstPort = 20_000;
const ports = 10_000;

/** More than a run asks for. */
const portsOfRun = 16;

/** Different ones for runs at the same time, whose processes have neighbouring numbers. */
let next = (process.pid * portsOfRun) % ports;

/** A port that is free on every address of this machine, and not given before. */
export async function freeLowPort(): Promise<number> {
  for (let tried = 0; tried < ports; tried++) {
    const port = firstPort + (next++ % ports);
    if (await isFree(port)) return port;
  }
  throw new Error(`no port from ${firstPort} to ${firstPort + ports} is free`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '0.0.0.0', exclusive: true }, () => {
      server.close(() => resolve(true));
    });
  });
}
