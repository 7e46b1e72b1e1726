/**
 * Who has a session, and in which worker: one client id, one session, whatever the worker. A client
 * that connects again, here or there, takes the place of its session [MQTT-3.1.4-2], in whichever
 * order the workers tell; only the loser is told, so that two CONNECTs at the same time cannot end
 * each other. Pure: it answers what is to be told to whom.
 */

import type { ErrorCode } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { SessionChange } from '../processes/messages.ts';

/** A session that is to end. */
export interface EndedSession {
  readonly worker: number;
  readonly number: number;
  readonly code: Extract<
    ErrorCode,
    'session.taken-over' | 'enterprise.sessions-exceeded' | 'claim.sessions-exceeded'
  >;
}

export interface SessionDirectoryOptions {
  /** Sessions an enterprise may have at the same time; those of claims are not among them. */
  readonly limitOf: (enterprise: string) => number;
  /** A device or gateway has a session, or has none any more; never told twice in a row. */
  readonly onOnline: (key: string, online: boolean) => void;
}

type Opened = Extract<SessionChange, { readonly opened: number }>;

const noneEnded: readonly EndedSession[] = [];

export class SessionDirectory {
  readonly #options: SessionDirectoryOptions;
  /** Row of a client; its key says whether it is a claim's. */
  readonly #rows = new Map<string, number>();
  /** By worker: row of each session number. */
  readonly #numbers: Map<number, number>[] = [];
  /** Sessions of each enterprise, and of its claims apart. */
  readonly #counts = new Map<string, number>();
  // Columns: a session costs its key, two map entries and these.
  readonly #keys: string[] = [];
  #worker = new Int32Array(64);
  #number = new Uint32Array(64);
  #openedAtMs = new Float64Array(64);
  /** Rises with every session that is told of. */
  #order = new Float64Array(64);
  readonly #free: number[] = [];
  #told = 0;

  constructor(options: SessionDirectoryOptions) {
    this.#options = options;
  }

  /** Sessions of one enterprise, without those of claims. */
  countOf(enterprise: string): number {
    return this.#counts.get(enterprise) ?? 0;
  }

  /**
   * Takes in what a worker reports; answers which sessions lose by it. A session whose end is in
   * the same report takes nobody's place: its client may have come back, and another worker have
   * told first.
   */
  apply(worker: number, changes: readonly SessionChange[]): EndedSession[] {
    const over = new Set(changes.map((change) => ('closed' in change ? change.closed : null)));
    const ended: EndedSession[] = [];
    for (const change of changes) {
      if ('closed' in change) this.#close(worker, change.closed);
      else if (!over.has(change.opened) || !this.#rows.has(clientKey(change))) {
        ended.push(...this.#open(worker, change));
      }
    }
    return ended;
  }

  /** A worker died: with it all its sessions. */
  workerGone(worker: number): void {
    for (const number of [...this.#numbersOf(worker).keys()]) this.#close(worker, number);
  }

  /** The limit of an enterprise changed: its newest sessions beyond it have to go. */
  enforce(enterprise: string): EndedSession[] {
    const tooMany = this.countOf(enterprise) - this.#options.limitOf(enterprise);
    if (tooMany <= 0) return [];
    const rows: number[] = [];
    for (const [key, row] of this.#rows) if (countedAs(key) === enterprise) rows.push(row);
    rows.sort((a, b) => this.#newest(a, b));
    return rows.slice(0, tooMany).map((row) => this.#end(row, 'enterprise.sessions-exceeded'));
  }

  #newest(a: number, b: number): number {
    const [atMs, order] = [this.#openedAtMs, this.#order];
    return atMs[b]! - atMs[a]! || order[b]! - order[a]!;
  }

  #open(worker: number, opened: Opened): readonly EndedSession[] {
    const key = clientKey(opened);
    const row = this.#rows.get(key);
    if (row !== undefined) return this.#takeOver(row, worker, opened);
    const counted = countedAs(key);
    const count = this.#counts.get(counted) ?? 0;
    const code = this.#excess(opened, count);
    if (code !== null) return [{ worker, number: opened.opened, code }];
    this.#counts.set(counted, count + 1);
    const added = this.#free.pop() ?? this.#grow();
    this.#keys[added] = key;
    this.#rows.set(key, added);
    this.#place(added, worker, opened);
    if (opened.kind !== 'claim') this.#options.onOnline(key, true);
    return noneEnded;
  }

  /** Why there are too many with one more beside `count`; or null. */
  #excess({ enterprise, kind }: Opened, count: number): EndedSession['code'] | null {
    if (kind === 'claim') {
      return count >= limits.claimSessionsPerEnterpriseMax ? 'claim.sessions-exceeded' : null;
    }
    return count >= this.#options.limitOf(enterprise) ? 'enterprise.sessions-exceeded' : null;
  }

  /** The one that opened last stays; of two at the same time, the one that is told of last. */
  #takeOver(row: number, worker: number, opened: Opened): readonly EndedSession[] {
    const code = 'session.taken-over';
    if (opened.atMs < this.#openedAtMs[row]!) return [{ worker, number: opened.opened, code }];
    const before = { worker: this.#worker[row]!, number: this.#number[row]! };
    this.#numbersOf(before.worker).delete(before.number);
    this.#place(row, worker, opened);
    return [{ ...before, code }];
  }

  #place(row: number, worker: number, { atMs, opened: number }: Opened): void {
    this.#worker[row] = worker;
    this.#number[row] = number;
    this.#openedAtMs[row] = atMs;
    this.#order[row] = ++this.#told;
    this.#numbersOf(worker).set(number, row);
  }

  /** The end of a session that lost its place is nothing new. */
  #close(worker: number, number: number): void {
    const row = this.#numbersOf(worker).get(number);
    if (row !== undefined) this.#remove(row);
  }

  #end(row: number, code: EndedSession['code']): EndedSession {
    const ended = { worker: this.#worker[row]!, number: this.#number[row]!, code };
    this.#remove(row);
    return ended;
  }

  #remove(row: number): void {
    const key = this.#keys[row]!;
    const counted = countedAs(key);
    const left = this.#counts.get(counted)! - 1;
    if (left > 0) this.#counts.set(counted, left);
    else this.#counts.delete(counted);
    this.#numbersOf(this.#worker[row]!).delete(this.#number[row]!);
    this.#rows.delete(key);
    this.#keys[row] = '';
    this.#free.push(row);
    if (!isClaim(key)) this.#options.onOnline(key, false);
  }

  #numbersOf(worker: number): Map<number, number> {
    const known = this.#numbers[worker];
    if (known !== undefined) return known;
    const made = new Map<number, number>();
    this.#numbers[worker] = made;
    return made;
  }

  #grow(): number {
    const row = this.#keys.length;
    if (row === this.#worker.length) {
      this.#worker = grown(this.#worker, Int32Array);
      this.#number = grown(this.#number, Uint32Array);
      this.#openedAtMs = grown(this.#openedAtMs, Float64Array);
      this.#order = grown(this.#order, Float64Array);
    }
    return row;
  }
}

/** Two dots, and no device id is `claim`: a claim session is nobody else's. */
function clientKey({ enterprise, kind, subject }: Opened): string {
  return kind === 'claim' ? `${enterprise}.claim.${subject}` : deviceKey(enterprise, subject);
}

function isClaim(key: string): boolean {
  return key.indexOf('.') !== key.lastIndexOf('.');
}

/** The enterprise, or `{enterprise}.claim`. */
function countedAs(key: string): string {
  return key.slice(0, isClaim(key) ? key.lastIndexOf('.') : key.indexOf('.'));
}

function grown<T extends Int32Array | Uint32Array | Float64Array>(
  column: T,
  kind: new (length: number) => T,
): T {
  const larger = new kind(Math.ceil(column.length * 1.25));
  larger.set(column as never);
  return larger;
}
