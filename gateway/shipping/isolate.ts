/**
 * Finds the lines a store will never accept, with bounded work: by measurement first, so that one
 * profile cannot hold up the others, then by halves, breadth first.
 */

import type { ErrorCode } from '../../model/errors.ts';
import { measurementOf } from '../../model/line-protocol.ts';
import type { LineBatch, WriteResult } from '../stores/store.ts';

/** A line and what it belongs to, which is the caller's business. */
export interface IsolatedLine<T> {
  readonly line: Buffer;
  readonly owner: T;
}

export interface RejectedOwner<T> {
  readonly owner: T;
  readonly line: Buffer;
  readonly code: Extract<ErrorCode, 'store.refused-line' | 'store.refused-group'>;
  readonly reason: string;
}

/** Writes and waits out any unavailability: never answers `unavailable`. */
export type Offer = (batch: LineBatch) => Promise<Exclude<WriteResult, { status: 'unavailable' }>>;

const requestsMin = 2;

/**
 * Remembers which measurements cost their whole budget, so that a profile whose every line is bad
 * costs little from its second batch on.
 */
export class Isolation {
  readonly #requestsMax: number;
  readonly #budgets = new Map<string, number>();

  constructor(requestsMax: number) {
    this.#requestsMax = requestsMax;
  }

  /** Stores what can be stored and returns the rest. */
  async run<T>(lines: readonly IsolatedLine<T>[], offer: Offer): Promise<RejectedOwner<T>[]> {
    const groups = new Map<string, IsolatedLine<T>[]>();
    for (const line of lines) {
      const measurement = measurementOf(line.line);
      const group = groups.get(measurement);
      if (group) group.push(line);
      else groups.set(measurement, [line]);
    }
    const rejected: RejectedOwner<T>[] = [];
    for (const [measurement, group] of groups) {
      rejected.push(...(await this.#search(measurement, group, offer)));
    }
    return rejected;
  }

  async #search<T>(
    measurement: string,
    group: IsolatedLine<T>[],
    offer: Offer,
  ): Promise<RejectedOwner<T>[]> {
    const budget = this.#budgets.get(measurement) ?? this.#requestsMax;
    const rejected: RejectedOwner<T>[] = [];
    const parts: { lines: IsolatedLine<T>[]; reason: string }[] = [{ lines: group, reason: '' }];
    let requests = 0;
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      if (requests >= budget) {
        rejected.push(...rejectAll(part.lines, 'store.refused-group', part.reason));
        continue;
      }
      const result = await offer(toBatch(part.lines));
      // Halving what is too large finds nothing out about its lines.
      if (result.status !== 'too-large') requests++;
      if (result.status === 'stored') continue;
      if (result.status === 'rejected') {
        rejected.push(...named(part.lines, result.lines));
      } else if (part.lines.length === 1) {
        rejected.push(...rejectAll(part.lines, 'store.refused-line', result.reason));
      } else {
        const middle = Math.ceil(part.lines.length / 2);
        for (const half of [part.lines.slice(0, middle), part.lines.slice(middle)]) {
          parts.push({ lines: half, reason: result.reason });
        }
      }
    }
    if (requests < budget) this.#budgets.delete(measurement);
    else this.#budgets.set(measurement, Math.max(requestsMin, Math.floor(budget / 4)));
    return rejected;
  }
}

function toBatch(lines: readonly IsolatedLine<unknown>[]): LineBatch {
  return { lines: Buffer.concat(lines.map(({ line }) => line)), lineCount: lines.length };
}

function rejectAll<T>(
  lines: readonly IsolatedLine<T>[],
  code: RejectedOwner<T>['code'],
  reason: string,
): RejectedOwner<T>[] {
  return lines.map(({ owner, line }) => ({ owner, line, code, reason }));
}

function named<T>(
  lines: readonly IsolatedLine<T>[],
  rejected: readonly { index: number; reason: string }[],
): RejectedOwner<T>[] {
  return rejected.flatMap(({ index, reason }) => {
    const line = lines[index];
    return line ? [{ ...line, code: 'store.refused-line' as const, reason }] : [];
  });
}
