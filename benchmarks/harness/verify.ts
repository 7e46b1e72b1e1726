/** Reconciles what devices know with the rows of the store after a run. */

import type { DeviceLedger, Store } from '../../gateway/stores/store.ts';
import { limits } from '../../model/limits.ts';
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

/** Asks the store itself, profile by profile, for the rows of every device in the window. */
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
    for (const entry of devices) {
      const row = byDevice.get(`${entry.enterprise}.${entry.device}`);
      verified.stored += row?.distinctSeq ?? 0;
      verified.duplicated += (row?.rows ?? 0) - (row?.distinctSeq ?? 0);
      verified.lost += await lostOf(store, entry, row, window);
    }
  }
  return verified;
}

/** Acknowledged and not stored, exactly: a device whose rows have gaps is looked at row by row. */
async function lostOf(
  store: Store,
  { acked, device, enterprise, profile }: LedgerEntry,
  row: DeviceLedger | undefined,
  window: Window,
): Promise<number> {
  if (row !== undefined && row.distinctSeq === row.seqMax - row.seqMin + 1) {
    return missing(acked, (seq) => seq >= row.seqMin && seq <= row.seqMax);
  }
  const limit = limits.apiReadingsMax;
  const rows = await store.readings({ enterprise, device, profile, ...window, limit });
  const stored = new Set(rows.map(({ seq }) => seq));
  return missing(acked, (seq) => stored.has(seq));
}

function missing(acked: LedgerEntry['acked'], isStored: (seq: number) => boolean): number {
  let lost = 0;
  for (const [first, last] of acked) {
    for (let seq = first; seq <= last; seq++) if (!isStored(seq)) lost++;
  }
  return lost;
}

/** The same through the gateway's API, for a store that no second process can open. */
export async function verifyThroughApi(
  client: GatewayClient,
  entries: readonly LedgerEntry[],
): Promise<Verified> {
  const { stored, lost, duplicated } = await reconcile(client, entries);
  return { stored, lost, duplicated };
}
