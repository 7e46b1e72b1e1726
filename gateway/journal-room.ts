/** How much the journal may still grow: its own limit, and the disk that others need too. */

import { statfs } from 'node:fs/promises';
import type { GatewaySettings } from './config.ts';
import type { JournalStatus } from './status.ts';

const growthWindowMs = 20_000;

/** Measures, and says how many bytes all workers together may write from now on. */
export class JournalRoom {
  readonly #settings: GatewaySettings['journal'];
  readonly #folder: string;
  readonly #unshippedBytes: () => Promise<number>;
  #samples: { atMs: number; bytes: number }[] = [];
  #unshipped = 0;
  #diskFree = 0;

  constructor(
    settings: GatewaySettings['journal'],
    folder: string,
    unshippedBytes: () => Promise<number>,
  ) {
    this.#settings = settings;
    this.#folder = folder;
    this.#unshippedBytes = unshippedBytes;
  }

  /** Bytes the journal may grow by, 0 when it is full. */
  async measure(nowMs: number): Promise<number> {
    const { bsize, bavail } = await statfs(this.#folder);
    this.#diskFree = bsize * bavail;
    this.#unshipped = await this.#unshippedBytes();
    this.#samples.push({ atMs: nowMs, bytes: this.#unshipped });
    this.#samples = this.#samples.filter(({ atMs }) => nowMs - atMs <= growthWindowMs);
    return this.bytes;
  }

  /** As of the last measurement. */
  get bytes(): number {
    const { bytesMax, diskReserveBytes } = this.#settings;
    return Math.max(0, Math.min(bytesMax - this.#unshipped, this.#diskFree - diskReserveBytes));
  }

  status(): JournalStatus {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    const seconds = first && last ? (last.atMs - first.atMs) / 1000 : 0;
    const growth = first && last && seconds >= 2 ? (last.bytes - first.bytes) / seconds : 0;
    return {
      unshippedBytes: this.#unshipped,
      bytesMax: this.#settings.bytesMax,
      diskFreeBytes: this.#diskFree,
      // Slower growth than this is the ordinary breathing of the shipper.
      secondsUntilFull: growth > 1024 ? Math.round(this.bytes / growth) : null,
    };
  }
}
