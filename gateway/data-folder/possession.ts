/** What a gateway takes hold of before anything else: its data folder and its ports, or nothing. */

import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import type { Clock } from '../../model/clock.ts';
import { messageOf, OnrampError } from '../../model/errors.ts';
import { loopbackAddress } from '../../model/loopback.ts';
import type { GatewaySettings } from '../config.ts';
import { type Lock, lockExclusive, tryLockExclusive } from './data-lock.ts';
import type { DataPaths } from './paths.ts';

const orphanTimeoutMs = 20_000;

/** @throws OnrampError `config.invalid` when the data folder cannot be made. */
export function makeFolders(data: DataPaths): void {
  try {
    for (const folder of [data.data, data.journal]) {
      mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
  } catch (error) {
    throw new OnrampError('config.invalid', `data ${data.data}: ${messageOf(error)}`);
  }
}

/**
 * Takes the data folder, to be released at the very end.
 * @throws OnrampError `config.data-folder-busy` when another gateway has it.
 */
export function takeDataFolder(data: DataPaths): Lock {
  const lock = tryLockExclusive(data.gatewayLock);
  if (lock === null) throw new OnrampError('config.data-folder-busy', data.data);
  return lock;
}

/**
 * Orphaned workers of a killed supervisor may still be writing their last commit: waits for them.
 */
export async function waitForOrphans(data: DataPaths, clock: Clock): Promise<void> {
  const orphans = await lockExclusive(data.workersLock, { timeoutMs: orphanTimeoutMs, clock });
  orphans.release();
}

/** The addresses the MQTT listeners bind. */
export function mqttHosts({ broker, lan }: Pick<GatewaySettings, 'broker' | 'lan'>): string[] {
  if (lan) return ['0.0.0.0'];
  return Array.from({ length: broker.loopbackAddresses }, (_, i) => loopbackAddress(i + 1));
}

/**
 * With `reusePort` a second gateway would start silently beside the first; a plain bind tells.
 * @throws OnrampError `config.port-busy`.
 */
export async function probePorts(host: string, ports: readonly (number | null)[]): Promise<void> {
  for (const port of ports) {
    if (!port) continue;
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once('error', () => reject(new OnrampError('config.port-busy', `MQTT ${port}`)));
      server.listen({ host, port, exclusive: true }, () => server.close(() => resolve()));
    });
  }
}
