/** How much the journal may still grow: its own limit, and the disk that others need too. */

import { statfs } from 'node:fs/promises';
import type { GatewaySettings } from '../config.ts';
import type { RoomGrant } from '../processes/messages.ts';
import type { JournalStatus } from '../status/status.ts';

const growthWindowMs = 20_000;
/** Parts of the journal's limit between which a backlog begins and ends. */
const backlogBegins = 0.05;
const backlogEnds = 0.025;

/** Measures, and says how many bytes all workers together may write from now on. */
export class JournalRoom {
  readonly #settings: GatewaySettings['journal'];
  readonly #folder: string;
  readonly #unshippedBytes: () => Promise<number>;
  #samples: { atMs: number; bytes: number }[] = [];
  #unshipped = 0;
  #diskFree = 0;
  /** Bytes the journal may hold, from the beginning of the backlog; null while there is none. */
  #backlogOf: number | null = null;
  /** Who has written since the backlog began, whatever the worker; two at most. */
  readonly #writers = new Set<string>();

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
    this.#noticeBacklog();
    return this.bytes;
  }

  /** As of the last measurement. */
  get bytes(): number {
    const { bytesMax, diskReserveBytes } = this.#settings;
    return Math.max(0, Math.min(bytesMax - this.#unshipped, this.#diskFree - diskReserveBytes));
  }

  /** `WorkerStats.backlogWriters` of a worker, whenever it reports. */
  noteWriters(enterprises: readonly string[] = []): void {
    if (this.#backlogOf === null) return;
    for (const enterprise of enterprises) {
      if (this.#writers.size < 2) this.#writers.add(enterprise);
    }
  }

  /**
   * What each of `workers` is told; `journalShare` is the part of the journal for one enterprise. A
   * backlog of one share or less binds nobody, for nobody can hold more of it: however long it
   * lasts.
   */
  grant(workers: number, journalShare: number): RoomGrant {
    const bytes = Math.floor(this.bytes / workers);
    const share = (this.#backlogOf ?? 0) * journalShare;
    if (this.#backlogOf === null || this.#unshipped <= share) return { bytes, backlog: null };
    const shareBytes = Math.floor(share / workers);
    return { bytes, backlog: { shareBytes, contended: this.#writers.size > 1 } };
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

  #noticeBacklog(): void {
    const capacity = this.bytes + this.#unshipped;
    if (this.#unshipped > capacity * backlogBegins) {
      this.#backlogOf ??= capacity;
    } else if (this.#unshipped <= capacity * backlogEnds) {
      this.#backlogOf = null;
      this.#writers.clear();
    }
  }
}
