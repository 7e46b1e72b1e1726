/** When each device's first row was stored, as the platform's API says. */

import type { CityDevice } from '../../model/city.ts';
import { type Clock, sleep } from '../../model/clock.ts';
import { deviceKey } from '../../model/identifiers.ts';
import type { Measurements } from '../measurements.ts';
import { ApiUnreachable, type PlatformApi, problemOf } from '../platform-api.ts';
import type { Onboarding } from './onboarding.ts';

/** Between two looks at the whole city. */
const pollIntervalMs = 2000;

const pageRows = 1000;

/** Pages of one look, so that a platform whose `next` never ends is left alone. */
const pagesMax = 2000;

/** A device as the API lists it, as far as it is read. */
interface ListedDevice {
  readonly enterprise: string;
  readonly device: string;
  readonly activatedAtMs: number | null;
}

export interface FirstRowsSettings {
  readonly clock: Clock;
  readonly api: PlatformApi;
  readonly devices: readonly CityDevice[];
  readonly onboarding: Pick<Onboarding, 'milestones' | 'startedAtMs'>;
  readonly measurements: Measurements;
}

/**
 * Looks through `GET /api/v1/devices` every two seconds while devices whose first reading was
 * acknowledged have no row, and records how long the row took. The platform's time of a row and
 * this machine's of a claim are compared: both must go by the same clock. A row older than its
 * claim is counted as a failure instead of recorded.
 */
export class FirstRows {
  readonly #settings: FirstRowsSettings;
  readonly #indexOf: ReadonlyMap<string, number>;
  readonly #seen: Uint8Array;
  #seenCount = 0;
  #lastRowAtMs = 0;
  #stopped = false;
  /** The platform will not tell. */
  #refused = false;
  #ended: Promise<void> = Promise.resolve();

  constructor(settings: FirstRowsSettings) {
    this.#settings = settings;
    this.#indexOf = new Map(
      settings.devices.map(({ enterprise, device }, index) => [
        deviceKey(enterprise, device),
        index,
      ]),
    );
    this.#seen = new Uint8Array(settings.devices.length);
  }

  /** From the first claim to the latest first row; 0 before there is one. */
  get rowSeconds(): number {
    if (this.#lastRowAtMs === 0) return 0;
    return Math.max(0, this.#lastRowAtMs - this.#settings.onboarding.startedAtMs) / 1000;
  }

  /** True when there is nothing to wait for: every expected row was seen, or asking is in vain. */
  get done(): boolean {
    return this.#refused || this.#missing === 0;
  }

  start(): void {
    this.#ended = this.#run();
  }

  /** Resolves when the look under way is over. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
  }

  get #missing(): number {
    return this.#settings.measurements.counters.firstAcked - this.#seenCount;
  }

  async #run(): Promise<void> {
    const { clock, measurements } = this.#settings;
    while (!this.#stopped && !this.#refused) {
      const beganMs = clock.monotonicMs();
      if (this.#missing > 0) {
        await this.#look().catch((error: unknown) => {
          if (!(error instanceof ApiUnreachable)) throw error;
          measurements.recordFailure({ stage: 'row', code: 'api-unreachable' });
        });
      }
      const nextMs = beganMs + pollIntervalMs;
      while (!this.#stopped && clock.monotonicMs() < nextMs) await sleep(clock, 50);
    }
  }

  /** Once through all pages, or until nothing is missing. */
  async #look(): Promise<void> {
    const { api, measurements } = this.#settings;
    let after: string | null = null;
    for (let pages = 0; pages < pagesMax && this.#missing > 0 && !this.#stopped; pages++) {
      const cursor: string = after === null ? '' : `&after=${encodeURIComponent(after)}`;
      const answer = await api.get(`/api/v1/devices?limit=${pageRows}${cursor}`);
      const page = answer.body as { items?: unknown; next?: unknown } | null;
      if (answer.status !== 200 || !Array.isArray(page?.items)) {
        measurements.recordFailure({ stage: 'row', code: problemOf(answer) });
        this.#refused = answer.status >= 400 && answer.status < 500 && answer.status !== 429;
        return;
      }
      for (const item of page.items) this.#take(item as ListedDevice);
      if (typeof page.next !== 'string') return;
      after = page.next;
    }
  }

  #take({ enterprise, device, activatedAtMs }: ListedDevice): void {
    if (typeof activatedAtMs !== 'number') return;
    const index = this.#indexOf.get(deviceKey(enterprise, device));
    if (index === undefined || this.#seen[index] === 1) return;
    const { measurements, onboarding } = this.#settings;
    const milestones = onboarding.milestones(index);
    // Its row was faster than its acknowledgement: the next look has both.
    if (milestones === null) return;
    this.#seen[index] = 1;
    this.#seenCount++;
    if (activatedAtMs < milestones.claimAtMs) {
      measurements.recordFailure({ stage: 'row', code: 'older-than-claim' });
      return;
    }
    this.#lastRowAtMs = Math.max(this.#lastRowAtMs, activatedAtMs);
    measurements.counters.firstRows++;
    measurements.latencies.firstRow.record(activatedAtMs - milestones.claimAtMs);
    measurements.latencies.row.record(activatedAtMs - milestones.readingAtMs);
  }
}
