/** What lies where in the data folder. */

import { join } from 'node:path';

/** The files and folders of a gateway's data folder. */
export function paths(data: string) {
  return {
    data,
    registry: join(data, 'registry.db'),
    journal: join(data, 'journal'),
    deadLetters: join(data, 'dead-letters.db'),
    operatorToken: join(data, 'operator.token'),
    fleetKey: join(data, 'fleet.key'),
    registryKey: join(data, 'registry.key'),
    tlsFolder: join(data, 'tls'),
    gatewayLock: join(data, 'gateway.lock'),
    workersLock: join(data, 'workers.lock'),
    /** Compiled code of this program, so that its processes start sooner; may be deleted. */
    compiled: join(data, 'compiled'),
    /** Where a running gateway can be reached, for the command line. */
    runtime: join(data, 'gateway.json'),
  } as const;
}

export type DataPaths = ReturnType<typeof paths>;
