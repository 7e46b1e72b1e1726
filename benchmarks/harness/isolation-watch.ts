/** Probes, at a low rate beside the load, that nobody gets where they do not belong. */

import type { Clock } from '../../model/clock.ts';
import type { IsolationReport } from '../../model/report.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { other, own } from '../isolation/names.ts';
import { IsolationSuite } from '../isolation/suite.ts';
import type { Platform } from './platform.ts';

/** Under load an answer may take long. */
const patience = { settleMs: 60_000, answerMs: 30_000 };

/**
 * Makes rounds until `over` says so, one at least. `pauseMs` between two attempts of the same
 * identity keeps the load what it is that is measured.
 */
export async function watchIsolation(
  { address }: Platform,
  clock: Clock,
  pauseMs: number,
  over: () => boolean,
): Promise<IsolationReport> {
  const { httpUrl, mqttPort, mqttTlsPort, operatorToken } = address;
  const tried = { httpUrl, operatorToken, mqttPort: mqttPort!, tlsPort: mqttTlsPort! };
  const suite = await IsolationSuite.prepare(tried, clock, patience);
  do await suite.round(pauseMs);
  while (!over());
  return suite.end();
}

/** Readings of the suite's enterprises that were refused: none of the fleet's. */
export async function deadLettersOfSuite(client: GatewayClient): Promise<number> {
  let readings = 0;
  for (const enterprise of [own, other]) {
    readings += await client.deadLetteredReadings(enterprise);
  }
  return readings;
}
