/** Brings lives from the registry into the book: all of them in pages, or single devices. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock, Timer } from '../../model/clock.ts';
import { messageOf } from '../../model/errors.ts';
import { parseDeviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { LifeRow } from '../registry/lives.ts';
import type { Registry } from '../registry/registry.ts';
import type { LifeBook } from './life-book.ts';

export interface LifeReaderOptions {
  readonly registry: Pick<Registry, 'get' | 'lives' | 'listProfiles' | 'profile'>;
  readonly book: LifeBook;
  readonly clock: Clock;
  readonly log: { warn(message: string): void };
}

/** Changes of the directory within this time are read together. */
const gatherMs = 500;
/** Reading the directory again and again may take this part of the supervisor's time at most. */
const dutyMax = 0.1;
const pageRows = Math.min(1000, limits.lifeRowsMax);
const refreshPart = 100;
const retryMs = 5000;

export class LifeReader {
  readonly #options: LifeReaderOptions;
  /** Whether a profile is production equipment. */
  readonly #production = new Map<string, boolean>();
  readonly #refresh = new Set<string>();
  #refreshing: Promise<void> | null = null;
  #loading: Promise<void> | null = null;
  #again: Timer | null = null;
  #earliestMs = 0;
  #loaded = false;
  #stopped = false;

  constructor(options: LifeReaderOptions) {
    this.#options = options;
  }

  /** True when the whole directory has been read once. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** Reads the whole directory, soon. Called again meanwhile, it will be read once more. */
  reload(delayMs: number = gatherMs): void {
    if (this.#again !== null || this.#stopped) return;
    const { clock } = this.#options;
    const waitMs = Math.max(delayMs, this.#earliestMs - clock.monotonicMs());
    this.#again = clock.after(waitMs, () => {
      this.#again = null;
      if (this.#loading !== null) {
        this.reload();
        return;
      }
      this.#loading = this.#load().finally(() => {
        this.#loading = null;
      });
    });
  }

  /**
   * A profile was changed: devices of it are counted elsewhere when it is no production any more.
   */
  profileChanged(profile: string): void {
    const before = this.#production.get(profile);
    this.#production.delete(profile);
    if (before !== undefined) this.reload();
  }

  /** Reads these devices, at once. */
  refresh(keys: readonly string[]): void {
    for (const key of keys) this.#refresh.add(key);
    if (this.#refreshing !== null || this.#stopped) return;
    this.#refreshing = this.#refreshAll().finally(() => {
      this.#refreshing = null;
      if (this.#refresh.size > 0) this.refresh([]);
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#again?.cancel();
    await this.#loading;
    await this.#refreshing;
  }

  async #load(): Promise<void> {
    const { book, clock, log, registry } = this.#options;
    const startedMs = clock.monotonicMs();
    try {
      for (const { profile } of await registry.listProfiles()) {
        this.#production.set(profile.id, profile.production);
      }
      let after: string | undefined;
      do {
        const { items, next } = await registry.lives.rows({ after, limit: pageRows });
        const unknown = items.filter((row) => !this.#put(row));
        if (unknown.length > 0)
          this.refresh(unknown.map((row) => `${row.enterprise}.${row.device}`));
        after = next ?? undefined;
        await nextTurn();
      } while (after !== undefined && !this.#stopped);
      if (!this.#loaded && !this.#stopped) book.hearsAnew();
      this.#loaded = true;
    } catch (error) {
      log.warn(`The directory cannot be read, trying again: ${messageOf(error)}`);
      this.reload(retryMs);
    }
    const endedMs = clock.monotonicMs();
    this.#earliestMs = endedMs + (endedMs - startedMs) / dutyMax;
  }

  async #refreshAll(): Promise<void> {
    const { log } = this.#options;
    while (this.#refresh.size > 0 && !this.#stopped) {
      const keys = [...this.#refresh].slice(0, refreshPart);
      for (const key of keys) this.#refresh.delete(key);
      try {
        for (const key of keys) if (!this.#stopped) await this.#readOne(key);
      } catch (error) {
        log.warn(`Devices cannot be read, the directory will be: ${messageOf(error)}`);
        this.reload(retryMs);
      }
      await nextTurn();
    }
  }

  async #readOne(key: string): Promise<void> {
    const { registry } = this.#options;
    const id = parseDeviceKey(key);
    if (id === null) return;
    for (;;) {
      const entry = await registry.get(id.enterprise, id.device);
      if (entry === null || this.#put({ ...entry, gateway: entry.gateway ?? null })) return;
      // After this the device is read anew: nothing older than what happened meanwhile is put.
      const profile = await registry.profile(entry.profile);
      this.#production.set(entry.profile, profile?.production ?? false);
    }
  }

  /** False when its profile is to be looked up first. */
  #put(row: LifeRow): boolean {
    const production = this.#production.get(row.profile);
    if (production === undefined) return false;
    this.#options.book.put({ ...row, production });
    return true;
  }
}
