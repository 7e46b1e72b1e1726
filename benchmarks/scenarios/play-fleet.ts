/** How most scenarios are played: the city is registered, its fleet connects and sends. */

import type { Bench } from '../harness/bench.ts';
import type { Finding } from '../harness/finding.ts';

/** Registers the city, plays its fleet, reconciles. */
export async function playFleet(bench: Bench): Promise<Finding> {
  const gateway = await bench.startGateway();
  await bench.importCity(gateway);
  await bench.settle(gateway, await bench.simulate(gateway));
  return {};
}
