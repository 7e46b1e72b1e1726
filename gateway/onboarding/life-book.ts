/**
 * The life of every device and gateway in memory: who is counted where, what their sessions and
 * rows make due, and who has fallen silent. The registry has the last word about states: nothing
 * changes here but by what it answered.
 */

import type { Clock } from '../../model/clock.ts';
import {
  type DeviceState,
  deviceStates,
  isOnBoard,
  mayConnect,
  transition,
} from '../../model/device.ts';
import { deviceKey } from '../../model/identifiers.ts';
import type { LifeOutcome, LifeRow } from '../registry/lives.ts';
import { flag, LifeColumns } from './life-columns.ts';
import { type Depth, NestedTally } from './nested-tally.ts';
import type { OnboardingCounts, PlaceCounts } from './onboarding.ts';

/** Something that the registry is to be told. */
export type DueEvent = 'connect' | 'store' | 'silence';

export interface LifeBookOptions {
  readonly clock: Clock;
  /** An active device is inactive when none of its rows was stored for so long. */
  readonly inactiveAfterMs: number;
  /** May be told again until the registry has answered. */
  readonly onDue: (key: string, event: DueEvent, atMs: number) => void;
  /** When the last row of a device was stored, at most every ten minutes. */
  readonly onRow: (key: string, atMs: number) => void;
  /** Something was heard of a device that is not known here: it is to be read. */
  readonly onUnknown: (key: string) => void;
  /** It has a session, and is in a state in which it must have none. */
  readonly onUnwelcome: (key: string, state: DeviceState) => void;
  /** It is in another state than it was in, by whatever was done to it in the registry. */
  readonly onState: (key: string, state: DeviceState) => void;
  /** Its first row is in the store. */
  readonly onFirstRow: (key: string, atMs: number) => void;
}

/** What is known of a device from the registry. */
export interface KnownLife extends LifeRow {
  /** Its profile is production equipment. */
  readonly production: boolean;
}

const dayMs = 86_400_000;
const noteIntervalMs = 600_000;
const city = 'city';

const states = deviceStates.map((state) => {
  const allows = (event: DueEvent) => transition({ state, suspendedFrom: null }, event) !== null;
  return {
    onBoard: isOnBoard(state),
    welcome: mayConnect(state),
    connects: allows('connect'),
    stores: allows('store'),
    falls: allows('silence'),
  };
});

export class LifeBook {
  readonly #options: LifeBookOptions;
  readonly #table = new LifeColumns();
  readonly #city = new NestedTally();
  readonly #districts = new NestedTally();
  readonly #industries = new NestedTally();
  /** Rows could be heard of since then. */
  #hearsSinceMs: number;

  constructor(options: LifeBookOptions) {
    this.#options = options;
    this.#hearsSinceMs = options.clock.nowMs();
  }

  /** Takes in what the registry has of a device; what only this book knows of it stays. */
  put(life: KnownLife): void {
    const table = this.#table;
    const { activatedAtMs, district, enterprise, gateway, industry, lastRowAtMs } = life;
    const row = table.rowOf(deviceKey(enterprise, life.device));
    this.#count(row, 0);
    const isNew = !table.has(row, flag.known);
    table.set(row, flag.known, true);
    table.set(row, flag.gateway, life.kind === 'gateway');
    table.set(row, flag.production, life.production);
    this.#enter(row, life.state, isNew);
    table.activatedAtMs[row] = activatedAtMs ?? Number.NaN;
    table.notedAtMs[row] = lastRowAtMs ?? Number.NaN;
    const heardAtMs = table.lastRowAtMs[row]!;
    // Of a device that was registered anew, rows of its life before do not count.
    const heard = activatedAtMs !== null && heardAtMs > (lastRowAtMs ?? 0);
    if (!heard) table.lastRowAtMs[row] = lastRowAtMs ?? Number.NaN;
    table.carry(row, gateway === null ? -1 : table.rowOf(deviceKey(enterprise, gateway)));
    table.cityCell[row] = this.#city.cell(city, enterprise);
    table.districtCell[row] = this.#districts.cell(district, enterprise);
    table.industryCell[row] = this.#industries.cell(industry, enterprise);
    this.#count(row, this.#depthOf(row));
    this.#settle(row);
    this.#checkWelcome(row);
  }

  /** Takes in what a change did in the registry. */
  apply({ enterprise, device, event, atMs, to }: LifeOutcome): void {
    const { onFirstRow, onState, onUnknown } = this.#options;
    const table = this.#table;
    const key = deviceKey(enterprise, device);
    const row = table.find(key);
    if (row === undefined || !table.has(row, flag.known)) {
      onUnknown(key);
      if (event === 'store') onFirstRow(key, atMs);
      onState(key, to);
      return;
    }
    if (event === 'store') {
      if (Number.isNaN(table.activatedAtMs[row]!)) {
        table.activatedAtMs[row] = atMs;
        onFirstRow(key, atMs);
      }
      this.#note(row, atMs);
      table.notedAtMs[row] = atMs;
    }
    this.#enter(row, to, false);
    this.#count(row, this.#depthOf(row));
    this.#settle(row);
  }

  /** The device or gateway has a session now, or has none any more. */
  session(key: string, online: boolean): void {
    const table = this.#table;
    const row = table.rowOf(key);
    table.set(row, flag.session, online);
    this.#count(row, this.#depthOf(row));
    for (const carried of table.carriedBy(row)) this.#count(carried, this.#depthOf(carried));
    if (!online) return;
    if (table.has(row, flag.known)) {
      this.#settle(row);
      this.#checkWelcome(row);
    } else {
      this.#options.onUnknown(key);
    }
  }

  /** Rows of these devices are in the store. A row also tells that the device's gateway works. */
  rowsStored(keys: readonly string[]): void {
    const nowMs = this.#options.clock.nowMs();
    for (const key of keys) {
      const row = this.#table.rowOf(key);
      this.#rowStored(row, nowMs);
      const gateway = this.#table.gateway[row]!;
      if (gateway >= 0) this.#rowStored(gateway, nowMs);
    }
  }

  /** Rows could not be stored until now: whoever is silent has the whole time from here on. */
  hearsAnew(): void {
    this.#hearsSinceMs = this.#options.clock.nowMs();
  }

  /** Ends what time ends: the 24 hours after a row, the patience with the silent. */
  sweep(): void {
    const { clock, inactiveAfterMs, onDue } = this.#options;
    const { depth, keys, lastRowAtMs, state } = this.#table;
    const nowMs = clock.nowMs();
    for (let row = 0; row < keys.length; row++) {
      if (depth[row]! > 2 && lastRowAtMs[row]! <= nowMs - dayMs) {
        this.#count(row, this.#depthOf(row));
      }
      if (!states[state[row]!]!.falls || !this.#table.has(row, flag.known)) continue;
      const sinceMs = Math.max(lastRowAtMs[row]! || 0, this.#hearsSinceMs);
      if (nowMs - sinceMs >= inactiveAfterMs) onDue(keys[row]!, 'silence', nowMs);
    }
  }

  /** Devices whose last row is newer than the registry knows. */
  *unnoted(): Generator<{ readonly key: string; readonly atMs: number }> {
    const { keys, lastRowAtMs, notedAtMs } = this.#table;
    for (let row = 0; row < keys.length; row++) {
      const atMs = lastRowAtMs[row]!;
      if (this.#table.has(row, flag.known) && atMs > (notedAtMs[row]! || 0)) {
        yield { key: keys[row]!, atMs };
      }
    }
  }

  counts(): OnboardingCounts {
    return {
      city: this.#city.place(city),
      byDistrict: this.#districts.places(),
      byIndustry: this.#industries.places(),
    };
  }

  countsOf(enterprise: string): PlaceCounts {
    return this.#city.of(city, enterprise);
  }

  /** True when the device or its gateway has a session. */
  isOnline(key: string): boolean {
    const row = this.#table.find(key);
    return row !== undefined && this.#isOnline(row);
  }

  /** The state of a device; null when it is not known. */
  stateOf(key: string): DeviceState | null {
    const row = this.#table.find(key);
    if (row === undefined || !this.#table.has(row, flag.known)) return null;
    return deviceStates[this.#table.state[row]!]!;
  }

  #enter(row: number, state: DeviceState, isNew: boolean): void {
    const { keys, state: column } = this.#table;
    const before = column[row];
    column[row] = deviceStates.indexOf(state);
    if (!isNew && column[row] !== before) this.#options.onState(keys[row]!, state);
  }

  #rowStored(row: number, nowMs: number): void {
    const table = this.#table;
    this.#note(row, nowMs);
    if (!table.has(row, flag.known)) {
      table.set(row, flag.rowWaits, true);
      this.#options.onUnknown(table.keys[row]!);
    } else if (states[table.state[row]!]!.stores) {
      this.#options.onDue(table.keys[row]!, 'store', nowMs);
    } else if (!(nowMs - table.notedAtMs[row]! < noteIntervalMs)) {
      table.notedAtMs[row] = nowMs;
      this.#options.onRow(table.keys[row]!, nowMs);
    }
    this.#count(row, this.#depthOf(row));
  }

  #note(row: number, atMs: number): void {
    const { lastRowAtMs } = this.#table;
    if (!(lastRowAtMs[row]! >= atMs)) lastRowAtMs[row] = atMs;
  }

  /** What its session, or a row that came before it was known, makes due. */
  #settle(row: number): void {
    const { keys, state } = this.#table;
    const { connects, stores } = states[state[row]!]!;
    const nowMs = this.#options.clock.nowMs();
    if (connects && this.#table.has(row, flag.session)) {
      this.#options.onDue(keys[row]!, 'connect', nowMs);
    }
    if (!this.#table.has(row, flag.rowWaits)) return;
    this.#table.set(row, flag.rowWaits, false);
    if (stores) this.#options.onDue(keys[row]!, 'store', nowMs);
  }

  /**
   * Whoever shuts a device out tells the workers; this finds a session that came in beside that.
   */
  #checkWelcome(row: number): void {
    const state = this.#table.state[row]!;
    if (states[state]!.welcome || !this.#table.has(row, flag.session)) return;
    this.#options.onUnwelcome(this.#table.keys[row]!, deviceStates[state]!);
  }

  #isOnline(row: number): boolean {
    const gateway = this.#table.gateway[row]!;
    if (this.#table.has(row, flag.session)) return true;
    return gateway >= 0 && this.#table.has(gateway, flag.session);
  }

  #depthOf(row: number): Depth {
    const table = this.#table;
    if (!table.has(row, flag.known) || table.has(row, flag.gateway)) return 0;
    if (!states[table.state[row]!]!.onBoard) return 0;
    if (Number.isNaN(table.activatedAtMs[row]!)) return 1;
    if (!(table.lastRowAtMs[row]! > this.#options.clock.nowMs() - dayMs)) return 2;
    return this.#isOnline(row) ? 4 : 3;
  }

  #count(row: number, to: Depth): void {
    const { cityCell, depth, districtCell, industryCell } = this.#table;
    const from = depth[row] as Depth;
    if (from === to) return;
    const production = this.#table.has(row, flag.production);
    this.#city.move(cityCell[row]!, production, from, to);
    this.#districts.move(districtCell[row]!, production, from, to);
    this.#industries.move(industryCell[row]!, production, from, to);
    depth[row] = to;
  }
}
