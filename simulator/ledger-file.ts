/** The ledger on disk: one JSON line per device, replaced atomically. */

import { open, rename, rm } from 'node:fs/promises';
import type { Clock, Timer } from '../model/clock.ts';
import type { Ledger } from './ledger.ts';

/** Lines formatted at a time, so that a large ledger does not hold up the fleet. */
const linesPerWrite = 500;

/** How often a running simulation replaces its ledger. */
export const ledgerIntervalMs = 3000;

/**
 * Writes `{"enterprise","device","profile","sent":n,"acked":[[1,500],[502,510]],"stamps":[[1,t,ms]]}`
 * for each device, a `LedgerEntry`.
 * `path` holds either the former ledger or the whole new one, at any time; the new one is on disk
 * when the promise resolves. Devices go on meanwhile: each line is true of the moment it was made.
 */
export async function writeLedger(ledger: Ledger, path: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, 'w');
  try {
    let lines: string[] = [];
    for (const entry of ledger.entries()) {
      lines.push(`${JSON.stringify(entry)}\n`);
      if (lines.length < linesPerWrite) continue;
      await file.write(lines.join(''));
      lines = [];
    }
    await file.write(lines.join(''));
    await file.datasync();
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  } finally {
    await file.close();
  }
  await rename(temporary, path);
}

/** Keeps a ledger's file up to date while a simulation runs. */
export class LedgerFile {
  readonly #ledger: Ledger;
  readonly #path: string;
  #timer: Timer | null = null;
  #stopped = false;
  /** The write under way, if any. One that fails in between is made good by the next. */
  #writing: Promise<void> | null = null;

  constructor(ledger: Ledger, path: string) {
    this.#ledger = ledger;
    this.#path = path;
  }

  /** Writes the file for the first time. Rejects when it cannot be written. */
  async start(clock: Clock): Promise<void> {
    this.#writing = writeLedger(this.#ledger, this.#path).finally(() => {
      this.#writing = null;
    });
    await this.#writing;
    if (this.#stopped) return;
    this.#timer = clock.every(ledgerIntervalMs, () => {
      this.#writing ??= writeLedger(this.#ledger, this.#path)
        .catch(() => undefined)
        .finally(() => {
          this.#writing = null;
        });
    });
  }

  /** Writes the final ledger. Rejects when it cannot be written. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#writing;
    await writeLedger(this.#ledger, this.#path);
  }
}
