/** Readings that could not be stored, each with its reason, kept until somebody has looked. */

import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, systemClock } from '../../model/clock.ts';
import { type ErrorCode, errorCodeOf, OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import { inTransaction, openForWriting, whenFree } from '../data-folder/sqlite-file.ts';
import type { Refusal } from '../journal/commit.ts';
import { deadLetterFile } from './dead-letter-file.ts';

/** Who refused: our check, or the store. The payload is what was sent, or line protocol. */
export type DeadLetterStage = 'check' | 'store';

/**
 * A refusal and where it is in the journals. `generation`, `segment` and `offset` (of the record's
 * begin), `stage` and `index` (of the refusal or line in its record) are its identity.
 */
export interface DeadLetter extends Refusal {
  readonly generation: string;
  readonly segment: number;
  readonly offset: number;
  readonly stage: DeadLetterStage;
  readonly index: number;
  /** Readings that are dead by this letter and by no other: 1, or 0 when some of it was stored. */
  readonly readings: number;
}

/** Tried again: not yet, stored after all (its payload is gone), refused again. */
export type ReplayState = 'waiting' | 'stored' | 'refused';

/** What became of a letter that was tried again. */
export interface ReplayOutcome {
  readonly id: number;
  readonly state: ReplayState;
  /** Why it was refused. */
  readonly detail?: string;
}

/** A letter as kept. */
export interface KeptDeadLetter extends Omit<DeadLetter, 'payload'> {
  readonly id: number;
  /** Null when it went with the quota or a replay, or was longer than `deadLetterPayloadBytesMax`. */
  readonly payload: string | null;
  readonly replay: ReplayState;
  readonly replayedAtMs: number | null;
  readonly replayDetail: string | null;
}

/** A letter that can be tried again. */
export type ReplayableDeadLetter = KeptDeadLetter & { readonly payload: string };

export interface DeadLetterFilter {
  readonly enterprise?: string | undefined;
  readonly device?: string | undefined;
  readonly code?: string | undefined;
  readonly stage?: DeadLetterStage | undefined;
}

/** Newest first; `before` is the `next` of the page before. `limit` is 1 to `apiPageRowsMax`. */
export interface DeadLetterQuery extends DeadLetterFilter {
  readonly before?: number | undefined;
  readonly limit: number;
}

/** Letters of one code. `count` are kept now; all else is since the data folder was made. */
export interface DeadLetterCount {
  readonly code: ErrorCode;
  readonly count: number;
  readonly letters: number;
  /** Readings dead-lettered whole. */
  readonly readings: number;
  readonly payloadsDropped: number;
  /** Stored after all. */
  readonly replayed: number;
}

export type EnterpriseDeadLetterCount = Omit<DeadLetterCount, 'code'> & {
  readonly enterprise: string;
};

/** `deadLetterPayloadBytesMax` as base64. */
const payloadCharsMax = Math.ceil(limits.deadLetterPayloadBytesMax / 3) * 4;

const detailCharsMax = 2000;
const topicCharsMax = 512;

/** Letters in one transaction: a few milliseconds of the event loop. */
const chunkLetters = 500;

const counts = `sum(kept) AS count, sum(letters) AS letters, sum(readings) AS readings,
  sum(payloads_dropped) AS payloadsDropped, sum(replayed) AS replayed`;

export interface DeadLettersOptions {
  readonly clock: Clock;
  readonly payloadsPerEnterpriseMax: number;
  readonly identitiesPerEnterpriseMax: number;
}

const defaults: DeadLettersOptions = {
  clock: systemClock,
  payloadsPerEnterpriseMax: limits.deadLettersPerEnterpriseMax,
  identitiesPerEnterpriseMax: limits.deadLetterIdentitiesPerEnterpriseMax,
};

/**
 * The dead letters of a data folder; one process has them. While the disk is full, every change
 * rejects with `database.unavailable`, and works again when there is space.
 */
export class DeadLetters {
  readonly #db: DatabaseSync;
  readonly #path: string;
  readonly #options: DeadLettersOptions;
  /** Ids being tried again. */
  readonly #taken = new Set<number>();

  /** Opens or creates the file at `path`. Throws `database.*`. */
  constructor(path: string, options: Partial<DeadLettersOptions> = {}) {
    this.#path = path;
    this.#options = { ...defaults, ...options };
    this.#db = openForWriting(deadLetterFile(path));
  }

  /**
   * Keeps letters; those kept already are left as they are and not counted again. Durable when it
   * resolves. When it rejects, some may be kept: put all of them again.
   */
  async put(letters: readonly DeadLetter[]): Promise<void> {
    for (let i = 0; i < letters.length; i += chunkLetters) {
      if (i > 0) await nextTurn();
      const chunk = letters.slice(i, i + chunkLetters);
      await this.#write(() => this.#putChunk(chunk));
    }
  }

  #putChunk(letters: readonly DeadLetter[]): void {
    const insert = this.#db.prepare(
      `INSERT INTO letter (generation, segment, "offset", stage, "index", at_ms, enterprise, device,
         profile, code, detail, scope, readings, topic, payload_encoding, payload)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (generation, segment, "offset", stage, "index") DO NOTHING`,
    );
    for (const letter of letters) insert.run(...valuesOf(letter));
    for (const enterprise of new Set(letters.map((letter) => letter.enterprise))) {
      this.#keepQuota(enterprise);
    }
  }

  /** Beyond the quota the oldest payloads go, far beyond it the oldest letters. */
  #keepQuota(enterprise: string): void {
    const { payloadsPerEnterpriseMax, identitiesPerEnterpriseMax } = this.#options;
    const sums = this.#db
      .prepare(
        'SELECT sum(with_payload) AS payloads, sum(kept) AS kept FROM tally WHERE enterprise = ?',
      )
      .get(enterprise)!;
    const payloadsOver = (sums.payloads as number) - payloadsPerEnterpriseMax;
    if (payloadsOver > 0) {
      this.#db
        .prepare(
          `UPDATE letter SET payload = NULL WHERE id IN (
             SELECT id FROM letter WHERE enterprise = ? AND payload IS NOT NULL ORDER BY id LIMIT ?)`,
        )
        .run(enterprise, payloadsOver);
    }
    const lettersOver = (sums.kept as number) - identitiesPerEnterpriseMax;
    if (lettersOver > 0) {
      this.#db
        .prepare(
          'DELETE FROM letter WHERE id IN (SELECT id FROM letter WHERE enterprise = ? ORDER BY id LIMIT ?)',
        )
        .run(enterprise, lettersOver);
    }
  }

  /** A page of letters. Rejects with `api.bad-request` on a limit that is none. */
  async list(
    query: DeadLetterQuery,
  ): Promise<{ readonly items: readonly KeptDeadLetter[]; readonly next: number | null }> {
    const { before, limit } = query;
    checkLimit(limit);
    const { where, values } = conditionsOf(query);
    if (before !== undefined) {
      where.push('id < ?');
      values.push(before);
    }
    const rows = await this.#read(() =>
      this.#db
        .prepare(`SELECT * FROM letter ${whereOf(where)} ORDER BY id DESC LIMIT ?`)
        .all(...values, limit + 1),
    );
    const items = rows.slice(0, limit).map(keptLetter);
    return { items, next: rows.length > limit ? items.at(-1)!.id : null };
  }

  /** One element for each code that ever occurred, to `enterprise` when it is given. */
  counts(enterprise?: string): Promise<readonly DeadLetterCount[]> {
    const { where, values } = conditionsOf({ enterprise });
    return this.#read(() => {
      const rows = this.#db.prepare(
        `SELECT code, ${counts} FROM tally ${whereOf(where)} GROUP BY code ORDER BY code`,
      );
      return rows.all(...values) as unknown as DeadLetterCount[];
    });
  }

  /** The enterprises with the most letters kept, at most `limit`; or the one that is given. */
  countsByEnterprise(
    limit: number,
    enterprise?: string,
  ): Promise<readonly EnterpriseDeadLetterCount[]> {
    const { where, values } = conditionsOf({ enterprise });
    return this.#read(() => {
      const rows = this.#db.prepare(
        `SELECT enterprise, ${counts} FROM tally ${whereOf(where)} GROUP BY enterprise
         ORDER BY count DESC, enterprise LIMIT ?`,
      );
      return rows.all(...values, limit) as unknown as EnterpriseDeadLetterCount[];
    });
  }

  /**
   * Takes letters that have a payload and were not stored since, oldest first, to be tried again:
   * at most `limit`, only those after the id `after`. Until their outcome is marked, or the process
   * ends, nobody else gets them.
   */
  async takeForReplay(
    filter: DeadLetterFilter & { readonly after?: number | undefined },
    limit: number,
  ): Promise<readonly ReplayableDeadLetter[]> {
    checkLimit(limit);
    const { where, values } = conditionsOf(filter);
    where.push('id > ?', 'payload IS NOT NULL', "replay <> 'stored'");
    return this.#read(() => {
      const free = this.#db
        .prepare(`SELECT * FROM letter ${whereOf(where)} ORDER BY id LIMIT ?`)
        .all(...values, filter.after ?? 0, limit + this.#taken.size)
        .filter((row) => !this.#taken.has(row.id as number))
        .slice(0, limit);
      for (const row of free) this.#taken.add(row.id as number);
      return free.map((row) => keptLetter(row) as ReplayableDeadLetter);
    });
  }

  /**
   * Marks what became of letters taken. `stored` lets their payload go; `refused` and `waiting`
   * (nothing became of them) may be taken again, and so may all of them when it rejects, of which
   * some may be marked then.
   */
  async markReplayed(outcomes: readonly ReplayOutcome[], atMs: number): Promise<void> {
    const taken = outcomes.filter(({ id }) => this.#taken.has(id));
    const decided = taken.filter(({ state }) => state !== 'waiting');
    try {
      for (let i = 0; i < decided.length; i += chunkLetters) {
        if (i > 0) await nextTurn();
        await this.#markDecided(decided.slice(i, i + chunkLetters), atMs);
      }
    } finally {
      for (const { id } of taken) this.#taken.delete(id);
    }
  }

  #markDecided(outcomes: readonly ReplayOutcome[], atMs: number): Promise<void> {
    return this.#write(() => {
      const update = this.#db.prepare(
        `UPDATE letter SET replay = :state, replayed_at_ms = :atMs, replay_detail = :detail,
           payload = iif(:state = 'stored', NULL, payload)
         WHERE id = :id AND replay <> 'stored'`,
      );
      for (const { id, state, detail = '' } of outcomes) update.run({ id, state, detail, atMs });
    });
  }

  /**
   * Removes letters older than `beforeMs`, identity and all; how many they were. On a full disk it
   * goes on in steps that fit into the rollback journal as it is.
   */
  async prune(beforeMs: number): Promise<number> {
    let pruned = 0;
    for (let step = chunkLetters; ; await nextTurn()) {
      try {
        const removed = await this.#pruneStep(beforeMs, step);
        pruned += removed;
        if (removed < step) return pruned;
      } catch (error) {
        if (step === 1 || errorCodeOf(error) !== 'database.unavailable') throw error;
        step = Math.ceil(step / 8);
      }
    }
  }

  #pruneStep(beforeMs: number, lettersMax: number): Promise<number> {
    return this.#write(() => {
      const remove = this.#db.prepare(
        `DELETE FROM letter WHERE id IN (
           SELECT id FROM letter WHERE at_ms < ? ORDER BY at_ms LIMIT ?)`,
      );
      return Number(remove.run(beforeMs, lettersMax).changes);
    });
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close();
  }

  #read<T>(body: () => T): Promise<T> {
    return whenFree(this.#options.clock, this.#path, body);
  }

  #write<T>(body: () => T): Promise<T> {
    return this.#read(() => inTransaction(this.#db, body));
  }
}

function valuesOf(letter: DeadLetter): SQLInputValue[] {
  const { generation, segment, offset, stage, index, atMs, enterprise, device } = letter;
  const { profile, code, detail, scope, readings, topic, payloadEncoding, payload } = letter;
  const fits = payload.length <= payloadCharsMax;
  return [
    ...[generation, segment, offset, stage, index, atMs, enterprise, device],
    ...[profile, code, detail.slice(0, detailCharsMax), scope, readings],
    ...[topic.slice(0, topicCharsMax), payloadEncoding, fits ? payload : null],
  ];
}

function checkLimit(limit: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= limits.apiPageRowsMax) return;
  throw new OnrampError('api.bad-request', `limit must be 1 to ${limits.apiPageRowsMax}`);
}

function conditionsOf(filter: DeadLetterFilter): { where: string[]; values: SQLInputValue[] } {
  const where: string[] = [];
  const values: SQLInputValue[] = [];
  for (const column of ['enterprise', 'device', 'code', 'stage'] as const) {
    const value = filter[column];
    if (value === undefined) continue;
    where.push(`${column} = ?`);
    values.push(value);
  }
  return { where, values };
}

function whereOf(conditions: readonly string[]): string {
  return conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')}`;
}

function keptLetter(row: Record<string, SQLOutputValue>): KeptDeadLetter {
  return {
    id: row.id as number,
    generation: row.generation as string,
    segment: row.segment as number,
    offset: row.offset as number,
    stage: row.stage as DeadLetterStage,
    index: row.index as number,
    atMs: row.at_ms as number,
    enterprise: row.enterprise as string,
    device: row.device as string,
    profile: row.profile as string,
    code: row.code as ErrorCode,
    detail: row.detail as string,
    scope: row.scope as DeadLetter['scope'],
    readings: row.readings as number,
    topic: row.topic as string,
    payload: row.payload as string | null,
    payloadEncoding: row.payload_encoding as DeadLetter['payloadEncoding'],
    replay: row.replay as ReplayState,
    replayedAtMs: row.replayed_at_ms as number | null,
    replayDetail: row.replay_detail as string | null,
  };
}
