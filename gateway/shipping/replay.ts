/** Tries dead letters again: what the check refused is checked anew, what the store refused is written anew. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { ReplayReport, ReplayRequest } from '../api/context.ts';
import type { Registry } from '../registry/registry.ts';
import type { Store } from '../stores/store.ts';
import type {
  DeadLetterFilter,
  DeadLetters,
  ReplayableDeadLetter,
  ReplayOutcome,
} from './dead-letters.ts';
import { Recheck } from './recheck.ts';

export interface ReplayContext {
  readonly deadLetters: DeadLetters;
  readonly store: Store;
  readonly registry: Registry;
  readonly clock: Clock;
}

const reasonCharsMax = 500;

/**
 * Replays up to `request.limit` letters, oldest first, in pages. A letter that cannot be stored stays
 * a dead letter with its new reason. @throws OnrampError `store.unavailable` when the store is away:
 * what was decided until then is marked, all others wait again.
 *
 * A letter that is tried again after its store has answered nothing, or only after this process was
 * killed, may be in the store already: it is the same rows then, unless it has readings without
 * `ts`, which get other times.
 */
export async function replay(
  request: ReplayRequest,
  context: ReplayContext,
): Promise<ReplayReport> {
  const { limit, after = 0, ...filter } = request;
  let tried = 0;
  let stored = 0;
  let last = after;
  while (tried < limit) {
    const asked = Math.min(limit - tried, limits.apiPageRowsMax);
    const from = { ...filter, after: last };
    const page = await inTurn(context.deadLetters, () => replayPage(from, asked, context));
    tried += page.tried;
    stored += page.stored;
    last = page.last;
    if (page.tried < asked) return { tried, stored, refusedAgain: tried - stored, next: null };
  }
  return { tried, stored, refusedAgain: tried - stored, next: last };
}

const turns = new WeakMap<DeadLetters, Promise<unknown>>();

/**
 * One page at a time: two could give the same times to readings of one device. As many wait as there
 * are requests.
 */
function inTurn<T>(deadLetters: DeadLetters, work: () => Promise<T>): Promise<T> {
  const turn = (turns.get(deadLetters) ?? Promise.resolve()).then(work);
  turns.set(
    deadLetters,
    turn.catch(() => undefined),
  );
  return turn;
}

interface Page {
  readonly tried: number;
  readonly stored: number;
  /** Id of its last letter. */
  readonly last: number;
}

async function replayPage(
  from: DeadLetterFilter & { readonly after: number },
  limit: number,
  { deadLetters, store, registry, clock }: ReplayContext,
): Promise<Page> {
  const letters = await deadLetters.takeForReplay(from, limit);
  const outcomes = new Outcomes(letters);
  try {
    const anyTime = from.code?.startsWith('reading.timestamp-') === true;
    const recheck = new Recheck({ registry, store, anyTime });
    const group = new Group(store, outcomes);
    for (const letter of letters.toSorted((a, b) => a.atMs - b.atMs)) {
      await nextTurn();
      const verdict = await recheck.verdict(letter);
      if ('reason' in verdict) outcomes.refused(letter.id, verdict.reason);
      else await group.add({ id: letter.id, ...verdict });
    }
    await group.write();
  } finally {
    await deadLetters.markReplayed(outcomes.all(), clock.nowMs());
  }
  const last = letters.at(-1)?.id ?? from.after;
  return { tried: letters.length, stored: outcomes.storedCount, last };
}

/** What became of the letters of a page; nothing, at first. */
class Outcomes {
  readonly #byId: Map<number, ReplayOutcome>;
  storedCount = 0;

  constructor(letters: readonly ReplayableDeadLetter[]) {
    this.#byId = new Map(letters.map(({ id }) => [id, { id, state: 'waiting' }]));
  }

  stored(id: number): void {
    this.#byId.set(id, { id, state: 'stored' });
    this.storedCount++;
  }

  refused(id: number, reason: string): void {
    this.#byId.set(id, { id, state: 'refused', detail: reason.slice(0, reasonCharsMax) });
  }

  all(): ReplayOutcome[] {
    return [...this.#byId.values()];
  }
}

/** Lines of one letter. */
interface Retry {
  readonly id: number;
  readonly lines: Buffer;
  readonly lineCount: number;
}

/** Letters on their way to the store: one write for all; when the store refuses that, one for each. */
class Group {
  readonly #store: Store;
  readonly #outcomes: Outcomes;
  #retries: Retry[] = [];
  #bytes = 0;
  #lineCount = 0;

  constructor(store: Store, outcomes: Outcomes) {
    this.#store = store;
    this.#outcomes = outcomes;
  }

  /** Writes what is there first, when there is no room. Rejects as `write` does. */
  async add(retry: Retry): Promise<void> {
    const tooMany = this.#lineCount + retry.lineCount > this.#store.preference.linesMax;
    const tooLarge = this.#bytes + retry.lines.length > limits.writeBytesMax;
    if (tooMany || tooLarge) await this.write();
    this.#retries.push(retry);
    this.#bytes += retry.lines.length;
    this.#lineCount += retry.lineCount;
  }

  /** Rejects with `store.unavailable`. */
  async write(): Promise<void> {
    const retries = this.#retries;
    this.#retries = [];
    this.#bytes = 0;
    this.#lineCount = 0;
    if (retries.length === 0) return;
    if ((await offer(retries, this.#store)) === null) {
      for (const { id } of retries) this.#outcomes.stored(id);
      return;
    }
    for (const retry of retries) {
      const reason = await offer([retry], this.#store);
      if (reason === null) this.#outcomes.stored(retry.id);
      else this.#outcomes.refused(retry.id, reason);
    }
  }
}

/** Null when all is stored, else the store's reason. */
async function offer(retries: readonly Retry[], store: Store): Promise<string | null> {
  const result = await store.write({
    lines: Buffer.concat(retries.map(({ lines }) => lines)),
    lineCount: retries.reduce((sum, { lineCount }) => sum + lineCount, 0),
  });
  switch (result.status) {
    case 'stored':
      return null;
    case 'unavailable':
      throw new OnrampError('store.unavailable', result.reason);
    case 'rejected':
      return result.lines[0]?.reason ?? 'rejected';
    default:
      return result.reason;
  }
}
