/**
 * Who has a session, and in which worker: one client id, one session, whatever the worker. A client
 * that connects again, here or there, takes the place of its session [MQTT-3.1.4-2], in whichever
 * order the workers tell; only the loser is told, so that two CONNECTs at the same time cannot end
 * each other. Pure: it answers what is to be told to whom.
 */

import type { ErrorCode } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { SessionBatch } from '../processes/session-batch.ts';

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

/** A session that a worker tells of. */
interface Opened {
  readonly worker: number;
  readonly number: number;
  readonly client: string;
  /** By a monotonic clock that all workers share: it never steps back. */
  readonly atMs: number;
}

/** Sessions that are counted together: of one enterprise, or of its claims. */
interface Counted {
  readonly enterprise: string;
  readonly claims: boolean;
  sessions: number;
}

export class SessionDirectory {
  readonly #options: SessionDirectoryOptions;
  /** Row of a client. */
  readonly #rows = new Map<string, number>();
  /** By worker: row of each session number. */
  readonly #numbers: Map<number, number>[] = [];
  /** By enterprise, or `{enterprise}.claim`: of each that ever had a session. */
  readonly #counted = new Map<string, Counted>();
  // Columns: a session costs its client id, two map entries and these.
  readonly #clients: string[] = [];
  readonly #countedAs: Counted[] = [];
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
    return this.#counted.get(enterprise)?.sessions ?? 0;
  }

  /** The worker and number of a client's session; null when it has none. */
  find(client: string): { readonly worker: number; readonly number: number } | null {
    const row = this.#rows.get(client);
    if (row === undefined) return null;
    return { worker: this.#worker[row]!, number: this.#number[row]! };
  }

  /**
   * Takes in what a worker reports; answers which sessions lose by it. A session whose end is in
   * the same report takes nobody's place: its client may have come back, and another worker have
   * told first.
   */
  apply(worker: number, { clients, numbers, openedAtMs }: SessionBatch): EndedSession[] {
    const over = clients.length < numbers.length ? new Set(numbers) : null;
    const ended: EndedSession[] = [];
    let next = 0;
    for (const number of numbers) {
      if (number < 0) {
        this.#close(worker, -number);
        continue;
      }
      const [client, atMs] = [clients[next]!, openedAtMs[next++]!];
      const row = this.#rows.get(client);
      if (row === undefined) this.#open({ worker, number, client, atMs }, ended);
      else if (!over?.has(-number)) this.#takeOver(row, { worker, number, client, atMs }, ended);
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
    const counted = this.#counted.get(enterprise);
    const rows = [...this.#rows.values()].filter((row) => this.#countedAs[row] === counted);
    rows.sort((a, b) => this.#newest(a, b));
    return rows.slice(0, tooMany).map((row) => this.#end(row, 'enterprise.sessions-exceeded'));
  }

  #newest(a: number, b: number): number {
    const [atMs, order] = [this.#openedAtMs, this.#order];
    return atMs[b]! - atMs[a]! || order[b]! - order[a]!;
  }

  #open(opened: Opened, ended: EndedSession[]): void {
    const { client, number, worker } = opened;
    const counted = this.#countedOf(client);
    const code = this.#excess(counted);
    if (code !== null) {
      ended.push({ worker, number, code });
      return;
    }
    counted.sessions++;
    const row = this.#free.pop() ?? this.#grow();
    this.#clients[row] = client;
    this.#countedAs[row] = counted;
    this.#rows.set(client, row);
    this.#place(row, opened);
    if (!counted.claims) this.#options.onOnline(client, true);
  }

  /** Why there are too many with one more; or null. */
  #excess({ claims, enterprise, sessions }: Counted): EndedSession['code'] | null {
    if (claims) {
      return sessions >= limits.claimSessionsPerEnterpriseMax ? 'claim.sessions-exceeded' : null;
    }
    return sessions >= this.#options.limitOf(enterprise) ? 'enterprise.sessions-exceeded' : null;
  }

  /** The one that opened last stays; of two at the same time, the one that is told of last. */
  #takeOver(row: number, opened: Opened, ended: EndedSession[]): void {
    const code = 'session.taken-over';
    if (opened.atMs < this.#openedAtMs[row]!) {
      ended.push({ worker: opened.worker, number: opened.number, code });
      return;
    }
    const before = { worker: this.#worker[row]!, number: this.#number[row]! };
    this.#numbersOf(before.worker).delete(before.number);
    this.#place(row, opened);
    ended.push({ ...before, code });
  }

  #place(row: number, { atMs, number, worker }: Opened): void {
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
    const client = this.#clients[row]!;
    const counted = this.#countedAs[row]!;
    counted.sessions--;
    this.#numbersOf(this.#worker[row]!).delete(this.#number[row]!);
    this.#rows.delete(client);
    this.#clients[row] = '';
    this.#free.push(row);
    if (!counted.claims) this.#options.onOnline(client, false);
  }

  #numbersOf(worker: number): Map<number, number> {
    const known = this.#numbers[worker];
    if (known !== undefined) return known;
    const made = new Map<number, number>();
    this.#numbers[worker] = made;
    return made;
  }

  #countedOf(client: string): Counted {
    const [dot, lastDot] = [client.indexOf('.'), client.lastIndexOf('.')];
    const name = client.slice(0, lastDot);
    const known = this.#counted.get(name);
    if (known !== undefined) return known;
    // Two dots, and no device id is `claim`: a claim session is nobody else's.
    const made = { enterprise: client.slice(0, dot), claims: dot !== lastDot, sessions: 0 };
    this.#counted.set(name, made);
    return made;
  }

  #grow(): number {
    const row = this.#clients.length;
    if (row === this.#worker.length) {
      this.#worker = grown(this.#worker, Int32Array);
      this.#number = grown(this.#number, Uint32Array);
      this.#openedAtMs = grown(this.#openedAtMs, Float64Array);
      this.#order = grown(this.#order, Float64Array);
    }
    return row;
  }
}

function grown<T extends Int32Array | Uint32Array | Float64Array>(
  column: T,
  kind: new (length: number) => T,
): T {
  const larger = new kind(Math.ceil(column.length * 1.25));
  larger.set(column as never);
  return larger;
}
