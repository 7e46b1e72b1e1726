/** How far an import is, on standard error: a bar on a terminal, now and then a line elsewhere. */

import { Readable } from 'node:stream';
import type { Clock, Timer } from '../../model/clock.ts';
import type { ImportProgress } from '../registry/registry.ts';
import { ask, type Operator } from './operator.ts';

const barChars = 30;
const barEveryMs = 200;
const lineEveryMs = 5000;
/** Back to the beginning of the line, which is cleared (ECMA-48, EL). */
const anew = '\r\u001b[2K';

export interface ProgressOutput {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

/** What is known at a moment; null where nobody knows. */
export interface Sent {
  readonly bytes: number;
  /** Of the whole file; null when it comes from a pipe. */
  readonly bytesTotal: number | null;
  readonly progress: ImportProgress | null;
}

/** One line about it, with a bar when there is room for one. */
export function progressText({ bytes, bytesTotal, progress }: Sent, bar: boolean): string {
  const rows = progress === null ? '' : `, ${progress.rows.toLocaleString('en')} rows`;
  if (progress?.phase === 'merging') return `Everything read${rows}; merging …`;
  if (bytesTotal === null || bytesTotal === 0) {
    return `${(bytes / 1e6).toFixed(1)} MB sent${rows}`;
  }
  const share = Math.min(1, bytes / bytesTotal);
  const filled = Math.round(share * barChars);
  const drawn = bar ? `[${'#'.repeat(filled)}${'-'.repeat(barChars - filled)}] ` : '';
  return `${drawn}${Math.floor(share * 100)} % sent${rows}`;
}

/** Shows an import from its making until `end`, asking whoever imports how far it is. */
export class ShownProgress {
  readonly #output: ProgressOutput;
  readonly #operator: Operator;
  readonly #bytesTotal: number | null;
  readonly #timer: Timer;
  #bytes = 0;
  #asking = false;
  #ended = false;

  constructor(options: {
    readonly output: ProgressOutput;
    readonly clock: Clock;
    readonly operator: Operator;
    readonly bytesTotal: number | null;
  }) {
    this.#output = options.output;
    this.#operator = options.operator;
    this.#bytesTotal = options.bytesTotal;
    const everyMs = this.#output.isTTY ? barEveryMs : lineEveryMs;
    this.#timer = options.clock.every(everyMs, () => void this.#show());
  }

  /** `content`, whose bytes are counted as they are taken. */
  counted(content: Readable): Readable {
    const count = (bytes: number) => {
      this.#bytes += bytes;
    };
    async function* pieces() {
      for await (const piece of content as AsyncIterable<Buffer | string>) {
        count(Buffer.byteLength(piece));
        yield piece;
      }
    }
    return Readable.from(pieces(), { objectMode: false });
  }

  end(): void {
    this.#ended = true;
    this.#timer.cancel();
    if (this.#output.isTTY) this.#output.write(anew);
  }

  async #show(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const progress = await this.#asked();
    this.#asking = false;
    if (this.#ended) return;
    const tty = this.#output.isTTY === true;
    const sent = { bytes: this.#bytes, bytesTotal: this.#bytesTotal, progress };
    const text = progressText(sent, tty);
    this.#output.write(tty ? `${anew}${text}` : `${text}\n`);
  }

  /** Not knowing the rows is no reason to give up the import. */
  async #asked(): Promise<ImportProgress | null> {
    const request = { method: 'GET', path: '/imports/current' } as const;
    try {
      const answer = await ask<{ progress: ImportProgress | null }>(this.#operator, request);
      return answer.progress;
    } catch {
      return null;
    }
  }
}
