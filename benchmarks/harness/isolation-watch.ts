/** Probes, at a low rate beside the load, that nobody gets where they do not belong. */

import type { IsolationReport } from '../../model/report.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { other, own } from '../isolation/names.ts';
import { IsolationSuite } from '../isolation/suite.ts';
import type { Bench } from './bench.ts';
import type { Platform } from './platform.ts';

/** Under load an answer may take long; the lives of a whole city are written before the suite's. */
const patience = { settleMs: 180_000, answerMs: 30_000 };

/**
 * Makes a round, and further ones that fit into what is left. `pauseMs` between two attempts of the
 * same identity keeps the load what it is that is measured. Rejects when the run cannot go on.
 */
export async function watchIsolation(
  bench: Pick<Bench, 'clock' | 'whileRunning'>,
  { address }: Platform,
  pauseMs: number,
  leftMs: () => number,
): Promise<IsolationReport> {
  const { httpUrl, mqttPort, mqttTlsPort, operatorToken } = address;
  const tried = { httpUrl, operatorToken, mqttPort: mqttPort!, tlsPort: mqttTlsPort! };
  const preparing = IsolationSuite.prepare(tried, bench.clock, patience);
  try {
    const suite = await bench.whileRunning(preparing);
    let tookMs: number;
    do {
      const beganMs = bench.clock.monotonicMs();
      await bench.whileRunning(suite.round(pauseMs));
      tookMs = bench.clock.monotonicMs() - beganMs;
    } while (leftMs() >= tookMs);
    return await bench.whileRunning(suite.end());
  } catch (error) {
    // Whoever goes about their business does so no longer; nobody waits for it.
    preparing.then((suite) => suite.end()).catch(() => {});
    throw error;
  }
}

/** Readings of the suite's enterprises that were refused: none of the fleet's. */
export async function deadLettersOfSuite(client: GatewayClient): Promise<number> {
  let readings = 0;
  for (const enterprise of [own, other]) {
    readings += await client.deadLetteredReadings(enterprise);
  }
  return readings;
}
