/** Are they really connected? Devices, broker and kernel are asked at the same moment. */

import type { GatewayAddress } from '../../gateway/supervisor.ts';
import type { ConnectedProof } from '../../model/report.ts';
import type { Simulation } from '../../simulator/simulation.ts';
import { establishedConnections } from '../reconcile/kernel-sockets.ts';
import type { WatchedGateway } from './monitor.ts';

export interface ProofOptions {
  readonly simulation: Pick<Simulation, 'state'>;
  readonly client: WatchedGateway;
  readonly address: Pick<GatewayAddress, 'mqttPort' | 'mqttTlsPort'>;
  readonly sleep: (milliseconds: number) => Promise<void>;
}

/** Devices and workers tell what they know once a second, so that one may lag behind the other. */
const attemptsMax = 8;
const pauseMs = 500;

/** What they say when they agree, or said last; the store is asked after the run. */
export async function connectedProof(options: ProofOptions): Promise<ConnectedProof> {
  const { address, client, simulation, sleep } = options;
  const ports = new Set([address.mqttPort, address.mqttTlsPort].filter((port) => port !== null));
  for (let attempt = 1; ; attempt++) {
    const [progress, kernel] = await Promise.all([
      client.progress().catch(() => null),
      establishedConnections(ports),
    ]);
    const [devices, broker] = [simulation.state.sessions, progress?.sessions ?? null];
    const agree = devices === broker && (kernel === null || kernel === devices);
    if (agree || attempt === attemptsMax) {
      return { client: devices, broker, kernel, store: null };
    }
    await sleep(pauseMs);
  }
}
