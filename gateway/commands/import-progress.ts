/** How far an import is, on standard error: a bar on a terminal, now and then a line elsewhere. */

import { Readable } from 'node:stream';
import type { Clock, Timer } from '../../model/clock.ts';
import type { ImportProgress } from '../registry/registry.ts';
import { ask, type Operator } from './operator.ts';

const barChars = 30;
const barEveryMs = 200;
const lineEveryMs = 5000;
const lineEnd = 0x0a;
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
  /** Line ends among the bytes sent. */
  readonly lines: number;
  readonly progress: ImportProgress | null;
}

/** One line about it, with a bar when there is room for one. */
export function progressText(sent: Sent, bar: boolean): string {
  const { bytes, bytesTotal, progress } = sent;
  const rows = progress === null ? '' : `, ${progress.rows.toLocaleString('en')} rows read`;
  if (progress?.phase === 'merging') return `Everything sent${rows}; merging …`;
  if (bytesTotal === null || bytesTotal === 0) return `${(bytes / 1e6).toFixed(1)} MB sent${rows}`;
  const sentShare = Math.min(1, bytes / bytesTotal);
  if (progress === null && sentShare === 1) return 'Everything sent; waiting for the answer …';
  const share = readShare(sent, sentShare);
  const filled = Math.round(share * barChars);
  const drawn = bar ? `[${'#'.repeat(filled)}${'-'.repeat(barChars - filled)}] ` : '';
  return `${drawn}${Math.floor(share * 100)} %${rows}, ${Math.floor(sentShare * 100)} % sent`;
}

/** Much is on its way that was sent and not read: rows say more, where there is one in each line. */
function readShare({ lines, progress }: Sent, sentShare: number): number {
  if (progress === null || lines === 0 || progress.rows > lines) return sentShare;
  return Math.min(1, (progress.rows / lines) * sentShare);
}

/** Shows an import from its making until `end`, asking whoever imports how far it is. */
export class ShownProgress {
  readonly #output: ProgressOutput;
  readonly #operator: Operator;
  readonly #bytesTotal: number | null;
  readonly #timer: Timer;
  #bytes = 0;
  #lines = 0;
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
    const count = (piece: Uint8Array) => {
      this.#bytes += piece.length;
      for (const byte of piece) if (byte === lineEnd) this.#lines += 1;
    };
    async function* pieces() {
      for await (const piece of content as AsyncIterable<Buffer | string>) {
        count(typeof piece === 'string' ? Buffer.from(piece) : piece);
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
    const [bytes, lines, bytesTotal] = [this.#bytes, this.#lines, this.#bytesTotal];
    const text = progressText({ bytes, bytesTotal, lines, progress }, tty);
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
