/** Reconciles what devices know with the rows of the store after a run. */

import type { Store } from '../../gateway/stores/store.ts';
import type { LedgerEntry } from '../../simulator/ledger.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { reconcile } from '../reconcile.ts';

/** In readings. `lost` is acknowledged and not stored. */
export interface Verified {
  readonly stored: number;
  readonly lost: number;
  readonly duplicated: number;
}

export interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Asks the store itself, profile by profile, for distinct `seq` of every device. */
export async function verifyInStore(
  store: Store,
  entries: readonly LedgerEntry[],
  window: Window,
): Promise<Verified> {
  const verified = { stored: 0, lost: 0, duplicated: 0 };
  const byProfile = Map.groupBy(entries, ({ profile }) => profile);
  for (const [profile, devices] of byProfile) {
    const rows = await store.ledger({ profile, ...window });
    const byDevice = new Map(rows.map((row) => [`${row.enterprise}.${row.device}`, row]));
    for (const { enterprise, device, acked } of devices) {
      const row = byDevice.get(`${enterprise}.${device}`);
      const distinct = row?.distinctSeq ?? 0;
      const acknowledged = acked.reduce((sum, [first, last]) => sum + last - first + 1, 0);
      verified.stored += distinct;
      verified.lost += Math.max(0, acknowledged - distinct);
      verified.duplicated += (row?.rows ?? 0) - distinct;
    }
  }
  return verified;
}

/** The same through the gateway's API, for a store that no second process can open. */
export async function verifyThroughApi(
  client: GatewayClient,
  entries: readonly LedgerEntry[],
): Promise<Verified> {
  const { stored, lost, duplicated } = await reconcile(client, entries);
  return { stored, lost, duplicated };
}
