/** How most scenarios are played: the city is registered, its fleet connects and sends. */

import type { Bench } from '../harness/bench.ts';
import type { Played } from './scenario.ts';

/** Registers the city, plays its fleet, reconciles. */
export async function playFleet(bench: Bench): Promise<Played> {
  const gateway = await bench.startGateway();
  await bench.importCity(gateway);
  const { resources, result } = await bench.simulate(gateway);
  const settled = await bench.settle(gateway, result);
  return { simulated: result.report, resources, ...settled };
}
