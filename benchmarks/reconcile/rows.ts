/** Where the rows of a run are read: in the store itself, or through the gateway that holds it. */

import type { DeviceLedger, Store } from '../../gateway/stores/store.ts';
import { limits } from '../../model/limits.ts';
import type { GatewayClient } from '../gateway-client.ts';

/** Times of readings; `toMs` is not among them. */
export interface TimeWindow {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface DeviceOfProfile {
  readonly enterprise: string;
  readonly device: string;
  readonly profile: string;
}

/** A row's identity and what it carries of the reading's. */
export interface SeqRow {
  readonly timestampMs: number;
  readonly seq: number | null;
}

export interface RowSource {
  /** Every device of a profile with rows in the window. */
  ledger(profile: string, window: TimeWindow): Promise<readonly DeviceLedger[]>;
  /** The newest rows of one device. */
  rowsOf(device: DeviceOfProfile, window: TimeWindow): Promise<readonly SeqRow[]>;
}

/** Asks the store itself. */
export function rowsInStore(store: Pick<Store, 'ledger' | 'readings'>): RowSource {
  return {
    ledger: (profile, window) => store.ledger({ profile, ...window }),
    rowsOf: (device, window) =>
      store.readings({ ...device, ...window, limit: limits.apiReadingsMax }),
  };
}

/** Asks the gateway, for a store that no second process can open. */
export function rowsThroughGateway(client: Pick<GatewayClient, 'get' | 'lines'>): RowSource {
  return {
    async ledger(profile, { fromMs, toMs }) {
      const rows: DeviceLedger[] = [];
      const path = `/api/v1/ledger?profile=${profile}&from=${fromMs}&to=${toMs}`;
      for await (const line of client.lines(path)) rows.push(JSON.parse(line) as DeviceLedger);
      return rows;
    },
    async rowsOf({ device, enterprise }, { fromMs, toMs }) {
      const path =
        `/api/v1/devices/${enterprise}.${device}/readings` +
        `?from=${fromMs}&to=${toMs}&limit=${limits.apiReadingsMax}`;
      return ((await client.get(path)) as { readings: SeqRow[] }).readings;
    },
  };
}
