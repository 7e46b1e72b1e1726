/** A gateway and a store of the run's own. */

import { join } from 'node:path';
import { parseSettings } from '../../gateway/config.ts';
import { paths } from '../../gateway/data-folder/paths.ts';
import { GatewayLauncher } from '../../gateway/processes/launcher.ts';
import type { GatewayAddress } from '../../gateway/supervisor.ts';
import { GatewayClient } from '../gateway-client.ts';
import type { RunParameters } from '../scenarios/parameters.ts';
import { freeLowPort } from './free-port.ts';
import type { RunContext } from './run-context.ts';
import { openRunStore, type RunStore } from './run-store.ts';

export interface Platform {
  readonly client: GatewayClient;
  readonly address: GatewayAddress;
  readonly files: ReturnType<typeof paths>;
  readonly store: RunStore;
}

/** The suite of isolation and the gateway's own probes come on top of the fleet. */
const otherSessions = 500;

/** Starts store and gateway, the gateway with a TLS port if `tls`. */
export async function startPlatform(
  context: RunContext,
  parameters: RunParameters,
  tls: boolean,
): Promise<Platform> {
  const { folder, monitor, say } = context;
  const [httpPort, port, tlsPort] = [await freeLowPort(), await freeLowPort(), await freeLowPort()];
  const store = await openRunStore(context, parameters.devices);
  const data = join(folder, 'gateway');
  const launcher = new GatewayLauncher({
    settings: parseSettings({
      data,
      simulated: true,
      logLevel: 'error',
      workers: parameters.workers,
      http: { port: httpPort },
      broker: {
        port,
        tlsPort: tls ? tlsPort : null,
        loopbackAddresses: addressesOf(parameters),
        sessionsExpected: parameters.devices + otherSessions,
      },
      store: store.settings,
    }),
    onDied: (how) => {
      say(`the supervisor ended with ${how} and is started again`);
      monitor.event(`the supervisor ended with ${how}`);
    },
  });
  context.closers.push(() => launcher.stop());
  const address = await context.unlessAborted(launcher.start());
  const client = new GatewayClient(address.httpUrl, address.operatorToken);
  return { client, address, files: paths(data), store };
}

/** Elsewhere than on Linux there is only 127.0.0.1. */
export function addressesOf({ addresses }: RunParameters): number {
  return process.platform === 'linux' ? addresses : 1;
}
