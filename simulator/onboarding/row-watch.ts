/** Asks the platform's API which devices have a row. */

import type { CityDevice } from '../../model/city.ts';
import { type Clock, sleep } from '../../model/clock.ts';
import { deviceKey } from '../../model/identifiers.ts';
import type { Failure } from '../client/failure.ts';
import { ApiUnreachable, type PlatformApi, problemOf } from '../platform-api.ts';

/** Between two looks at the whole city. */
const pollIntervalMs = 2000;

const pageRows = 1000;

/** Pages of one look, so that a platform whose `next` never ends is left alone. */
const pagesMax = 2000;

/** A device with a row as the API lists it, as far as it is read. */
interface ListedDevice {
  readonly enterprise: string;
  readonly device: string;
  readonly activatedAtMs: number;
}

/** False for devices without a row, and for what another platform may list. */
function isListed(item: unknown): item is ListedDevice {
  if (typeof item !== 'object' || item === null) return false;
  const { activatedAtMs, device, enterprise } = item as Record<keyof ListedDevice, unknown>;
  return (
    typeof activatedAtMs === 'number' &&
    typeof device === 'string' &&
    typeof enterprise === 'string'
  );
}

/** A device has its first row since `atMs`, by the platform's clock. */
export interface FoundRow {
  /** Its position in `devices`. */
  readonly index: number;
  readonly atMs: number;
}

export interface RowWatchSettings {
  readonly clock: Clock;
  readonly api: PlatformApi;
  readonly devices: readonly CityDevice[];
  /** Devices whose first reading was acknowledged and whose row is not known. */
  readonly missing: () => number;
  /** Each device once. */
  readonly onRows: (rows: readonly FoundRow[]) => void;
  readonly onFailure: (failure: Failure) => void;
  /** The platform will not tell: asking further is in vain. */
  readonly onRefused: () => void;
}

/** Looks through `GET /api/v1/devices` every two seconds while rows are missing. */
export class RowWatch {
  readonly #settings: RowWatchSettings;
  readonly #indexOf: ReadonlyMap<string, number>;
  readonly #seen: Uint8Array;
  #stopped = false;
  #refused = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(settings: RowWatchSettings) {
    this.#settings = settings;
    this.#indexOf = new Map(
      settings.devices.map(({ enterprise, device }, index) => [
        deviceKey(enterprise, device),
        index,
      ]),
    );
    this.#seen = new Uint8Array(settings.devices.length);
  }

  start(): void {
    this.#ended = this.#run();
  }

  /** Resolves when the look under way is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { clock, missing, onFailure } = this.#settings;
    while (!this.#stopped && !this.#refused) {
      const beganMs = clock.monotonicMs();
      if (missing() > 0) {
        await this.#look().catch((error: unknown) => {
          if (!(error instanceof ApiUnreachable)) throw error;
          onFailure({ stage: 'row', code: 'api-unreachable' });
        });
      }
      const nextMs = beganMs + pollIntervalMs;
      while (!this.#stopped && clock.monotonicMs() < nextMs) await sleep(clock, 50);
    }
  }

  /** Once through all pages, or until nothing is missing. */
  async #look(): Promise<void> {
    const { api, missing, onFailure } = this.#settings;
    let after: string | null = null;
    for (let pages = 0; pages < pagesMax && missing() > 0 && !this.#stopped; pages++) {
      const cursor: string = after === null ? '' : `&after=${encodeURIComponent(after)}`;
      const answer = await api.get(`/api/v1/devices?limit=${pageRows}${cursor}`);
      const page = answer.body as { items?: unknown; next?: unknown } | null;
      if (answer.status !== 200 || !Array.isArray(page?.items)) {
        onFailure({ stage: 'row', code: problemOf(answer) });
        this.#refused = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
        if (this.#refused) this.#settings.onRefused();
        return;
      }
      this.#take(page.items.filter(isListed));
      if (typeof page.next !== 'string') return;
      after = page.next;
    }
  }

  #take(items: readonly ListedDevice[]): void {
    const rows: FoundRow[] = [];
    for (const { enterprise, device, activatedAtMs } of items) {
      const index = this.#indexOf.get(deviceKey(enterprise, device));
      if (index === undefined || this.#seen[index] === 1) continue;
      this.#seen[index] = 1;
      rows.push({ index, atMs: activatedAtMs });
    }
    if (rows.length > 0) this.#settings.onRows(rows);
  }
}
