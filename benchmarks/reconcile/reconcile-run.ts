/** The ledger of a run: its rows are read in the store itself, where a second process can. */

import { type GatewaySettingsInput, parseSettings } from '../../gateway/config.ts';
import { createStore } from '../../gateway/stores/index.ts';
import type { Clock } from '../../model/clock.ts';
import type { LedgerEntry } from '../../simulator/ledger.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { deadReadingsOf } from './dead-readings.ts';
import { type Reconciled, type ReconcileOptions, reconcile } from './reconcile.ts';
import { rowsInStore, rowsThroughGateway, type TimeWindow } from './rows.ts';

export interface RunLedgerOptions extends Pick<ReconcileOptions, 'onProgress'> {
  readonly store: NonNullable<GatewaySettingsInput['store']>;
  readonly client: GatewayClient;
  readonly ledger: Iterable<LedgerEntry>;
  readonly window: TimeWindow;
  readonly clock: Clock;
  /** For a store that keeps files; exists. */
  readonly folder: string;
}

/** Kept in the gateway's own process: nobody else can open it. */
const ownedByGateway: ReadonlySet<string> = new Set(['embedded', 'memory']);

const quiet = { info: () => {}, warn: () => {}, error: () => {} };

/** Reconciles a run. Rejects when store or gateway do not answer. */
export async function reconcileRun(options: RunLedgerOptions): Promise<Reconciled> {
  const { client, clock, folder, ...asked } = options;
  const deadReadings: ReconcileOptions['deadReadings'] = (enterprise, device) =>
    deadReadingsOf(client, enterprise, device);
  if (ownedByGateway.has(asked.store.kind)) {
    return reconcile({ ...asked, deadReadings, rows: rowsThroughGateway(client) });
  }
  const settings = parseSettings({ store: asked.store }).store;
  const store = await createStore(settings, { clock, logger: quiet, dataFolder: folder });
  await store.start();
  try {
    return await reconcile({ ...asked, deadReadings, rows: rowsInStore(store) });
  } finally {
    await store.stop();
  }
}
