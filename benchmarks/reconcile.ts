/** Compares what devices were promised with what the store holds. */

import type { LedgerEntry } from '../simulator/ledger.ts';
import type { GatewayClient } from './gateway-client.ts';

/** In readings, over all devices. */
export interface Reconciliation {
  readonly sent: number;
  readonly acked: number;
  /** Distinct `seq` in the store. */
  readonly stored: number;
  /** Acknowledged and not in the store. */
  readonly lost: number;
  /** Rows whose `seq` stands more than once. */
  readonly duplicated: number;
  /** The first few devices that lack something, for people. */
  readonly examples: readonly string[];
}

/** Asks the store for the rows of every device: exact, and meant for fleets of some hundreds. */
export async function reconcile(
  client: GatewayClient,
  ledger: Iterable<LedgerEntry>,
): Promise<Reconciliation> {
  const sum = { sent: 0, acked: 0, stored: 0, lost: 0, duplicated: 0 };
  const examples: string[] = [];
  for (const { enterprise, device, sent, acked } of ledger) {
    const rows = await client.storedSeqs(enterprise, device);
    const stored = new Set(rows);
    const missing: number[] = [];
    for (const [first, last] of acked) {
      sum.acked += last - first + 1;
      for (let seq = first; seq <= last; seq++) if (!stored.has(seq)) missing.push(seq);
    }
    sum.sent += sent;
    sum.stored += stored.size;
    sum.lost += missing.length;
    sum.duplicated += rows.length - stored.size;
    if ((missing.length > 0 || rows.length > stored.size) && examples.length < 5) {
      examples.push(`${enterprise}.${device} lacks ${missing.slice(0, 10)} of ${sent}`);
    }
  }
  return { ...sum, examples };
}
