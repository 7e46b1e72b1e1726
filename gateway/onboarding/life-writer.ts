/**
 * Writes what became due to the registry: transitions and times of rows, gathered for a moment and
 * then in parts, so that 100,000 devices that connect at once hold nothing up.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, sleep, type Timer } from '../../model/clock.ts';
import { messageOf } from '../../model/errors.ts';
import { parseDeviceKey } from '../../model/identifiers.ts';
import type { LifeChange, LifeOutcome, Lives } from '../registry/lives.ts';
import type { DueEvent } from './life-book.ts';

export interface LifeWriterOptions {
  readonly lives: Pick<Lives, 'apply' | 'noteRows'>;
  readonly clock: Clock;
  readonly log: { warn(message: string): void };
  readonly onOutcomes: (outcomes: readonly LifeOutcome[]) => void;
  /** These devices are unknown to the registry, or in another state than was thought. */
  readonly onRefused: (keys: readonly string[]) => void;
}

const gatherMs = 200;
const partMax = 1000;
/**
 * After a part, so many times as long as it took belongs to others: when a whole city connects,
 * shipping its rows goes before writing down that it did.
 */
const restFactor = 3;
const retryMs = 1000;

const reasons: Record<DueEvent, Pick<LifeChange, 'cause' | 'actor'>> = {
  connect: { cause: 'it connected with its credential', actor: 'device' },
  store: { cause: 'a row of it is in the store', actor: 'device' },
  silence: { cause: 'none of its rows was stored for a while', actor: 'system' },
};

export class LifeWriter {
  readonly #options: LifeWriterOptions;
  /** By device, in the order in which they became due; as many as there are devices at most. */
  readonly #changes = new Map<string, readonly LifeChange[]>();
  readonly #rows = new Map<string, number>();
  #timer: Timer | null = null;
  /** Settled, never rejected, when the changes that are being written are, or wait again. */
  #underWay: Promise<unknown> = Promise.resolve();
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(options: LifeWriterOptions) {
    this.#options = options;
  }

  /** Once is enough: what waits already is not added again. */
  add(key: string, event: DueEvent, atMs: number): void {
    const waiting = this.#changes.get(key);
    if (waiting?.some((change) => change.event === event)) return;
    const id = parseDeviceKey(key);
    if (id === null) return;
    const change: LifeChange = { ...id, event, atMs, ...reasons[event] };
    this.#changes.set(key, [...(waiting ?? []), change]);
    this.#begin();
  }

  noteRow(key: string, atMs: number): void {
    this.#rows.set(key, atMs);
    this.#begin();
  }

  /** What waits of one device, for whoever writes it together with a change of its own. */
  take(key: string): readonly LifeChange[] {
    const waiting = this.#changes.get(key) ?? [];
    this.#changes.delete(key);
    return waiting;
  }

  /** Puts back what was taken and not written, before what became due meanwhile. */
  restore(key: string, changes: readonly LifeChange[]): void {
    if (changes.length === 0) return;
    const since = this.#changes.get(key) ?? [];
    const newer = since.filter(({ event }) => !changes.some((change) => change.event === event));
    this.#changes.set(key, [...changes, ...newer]);
    this.#begin();
  }

  /**
   * Writes the changes that wait by now, not later than everybody's; resolves when they are in the
   * registry. Rejects when they cannot be written; then they wait on.
   */
  async flush(): Promise<void> {
    await this.#underWay;
    let left = this.#changes.size;
    while (left > 0 && this.#changes.size > 0) left -= await this.#writeChanges();
  }

  /** Writes what waits and takes nothing more; gives up what the registry does not take. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
    await this.#run();
  }

  #begin(): void {
    if (this.#timer !== null || this.#running !== null || this.#stopped) return;
    this.#timer = this.#options.clock.after(gatherMs, () => {
      this.#timer = null;
      this.#running = this.#run().finally(() => {
        this.#running = null;
        if (this.#changes.size + this.#rows.size > 0) this.#begin();
      });
    });
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#options;
    for (let failures = 0; this.#changes.size + this.#rows.size > 0; ) {
      const beganMs = clock.monotonicMs();
      try {
        await this.#writeChanges();
        await this.#writeRows();
      } catch (error) {
        if (failures++ === 0) log.warn(`Lives of devices cannot be written: ${messageOf(error)}`);
        if (this.#stopped) return;
        await sleep(clock, retryMs);
      }
      await nextTurn();
      const restMs = (clock.monotonicMs() - beganMs) * restFactor;
      if (restMs >= 1 && !this.#stopped) await sleep(clock, Math.min(restMs, retryMs));
    }
  }

  /** Writes a part of the changes that wait, after those under way; answers of how many devices. */
  #writeChanges(): Promise<number> {
    const writing = this.#underWay.then(() => this.#writePart());
    this.#underWay = writing.catch(() => {});
    return writing;
  }

  async #writePart(): Promise<number> {
    const taken = new Map<string, readonly LifeChange[]>();
    let size = 0;
    for (const [key, changes] of this.#changes) {
      if (size >= partMax) break;
      this.#changes.delete(key);
      taken.set(key, changes);
      size += changes.length;
    }
    if (taken.size > 0) await this.#write(taken);
    return taken.size;
  }

  async #write(taken: ReadonlyMap<string, readonly LifeChange[]>): Promise<void> {
    const { lives, onOutcomes, onRefused } = this.#options;
    const keys = [...taken].flatMap(([key, changes]) => changes.map(() => key));
    let outcomes: readonly (LifeOutcome | null)[];
    try {
      outcomes = await lives.apply([...taken.values()].flat());
    } catch (error) {
      for (const [key, changes] of taken) this.restore(key, changes);
      throw error;
    }
    onOutcomes(outcomes.filter((outcome) => outcome !== null));
    const refused = keys.filter((_, i) => outcomes[i] === null);
    if (refused.length > 0) onRefused(refused);
  }

  async #writeRows(): Promise<void> {
    const part = [...this.#rows].slice(0, partMax);
    if (part.length === 0) return;
    for (const [key] of part) this.#rows.delete(key);
    try {
      await this.#options.lives.noteRows(
        part.flatMap(([key, atMs]) => {
          const id = parseDeviceKey(key);
          return id === null ? [] : [{ ...id, atMs }];
        }),
      );
    } catch (error) {
      for (const [key, atMs] of part) if (!this.#rows.has(key)) this.#rows.set(key, atMs);
      throw error;
    }
  }
}
