/** What devices were promised against all rows there are, through the gateway that holds them. */

import type { GatewayClient } from '../../benchmarks/gateway-client.ts';
import { deadReadingsOf } from '../../benchmarks/reconcile/dead-readings.ts';
import { type Reconciled, reconcile } from '../../benchmarks/reconcile/reconcile.ts';
import { rowsThroughGateway } from '../../benchmarks/reconcile/rows.ts';
import { systemClock } from '../../model/clock.ts';
import { limits } from '../../model/limits.ts';
import type { LedgerEntry } from '../../simulator/ledger.ts';

export function reconcileThroughGateway(
  client: GatewayClient,
  ledger: Iterable<LedgerEntry>,
): Promise<Reconciled> {
  return reconcile({
    ledger,
    rows: rowsThroughGateway(client),
    window: { fromMs: 0, toMs: systemClock.nowMs() + limits.readingAheadMsMax },
    deadReadings: (enterprise, device) => deadReadingsOf(client, enterprise, device),
  });
}
