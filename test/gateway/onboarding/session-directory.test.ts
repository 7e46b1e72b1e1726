/**
 * Injected: any order of reports from several workers, closes that come late, workers that die.
 * Must hold: one session for each client id, the one that opened last; nobody but losers is told.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { SessionDirectory } from '../../../gateway/onboarding/session-directory.ts';
import { limits } from '../../../model/limits.ts';
import { batchOf, type SessionChange } from '../../helpers/session-changes.ts';

function directory(limitOf: Record<string, number> = {}) {
  const online = new Map<string, boolean>();
  const repeated: string[] = [];
  const kept = new SessionDirectory({
    limitOf: (enterprise) => limitOf[enterprise] ?? 1000,
    onOnline: (key, now) => {
      if ((online.get(key) ?? false) === now) repeated.push(key);
      online.set(key, now);
    },
  });
  const made = {
    apply: (worker: number, changes: readonly SessionChange[]) =>
      kept.apply(worker, batchOf(changes)),
    workerGone: (worker: number) => kept.workerGone(worker),
    enforce: (enterprise: string) => kept.enforce(enterprise),
    countOf: (enterprise: string) => kept.countOf(enterprise),
    find: (client: string) => kept.find(client),
  };
  const isOnline = (key: string) => online.get(key) ?? false;
  return { made, isOnline, limitOf, repeated };
}

const opened = (
  number: number,
  subject = 'd1',
  { enterprise = 'acme', atMs = 0, claim = false } = {},
): SessionChange => ({
  opened: number,
  client: claim ? `${enterprise}.claim.${subject}` : `${enterprise}.${subject}`,
  atMs,
});

describe('one client id, one session', () => {
  test('the later report wins, only the loser is told, its end is nothing new', () => {
    const { made, isOnline } = directory();
    expect(made.apply(0, [opened(7)])).toEqual([]);
    expect(made.apply(1, [opened(7)])).toEqual([
      { worker: 0, number: 7, code: 'session.taken-over' },
    ]);
    made.apply(0, [{ closed: 7 }]);
    expect(isOnline('acme.d1')).toBe(true);
    expect(made.countOf('acme')).toBe(1);
    expect(made.find('acme.d1')).toEqual({ worker: 1, number: 7 });
    made.apply(1, [{ closed: 7 }]);
    expect(made.find('acme.d1')).toBeNull();
    expect(isOnline('acme.d1')).toBe(false);
    expect(made.countOf('acme')).toBe(0);
  });

  test('the one that opened last stays, whoever tells first', () => {
    const { made, isOnline } = directory();
    made.apply(1, [opened(3, 'd1', { atMs: 20 })]);
    expect(made.apply(0, [opened(7, 'd1', { atMs: 10 })])).toEqual([
      { worker: 0, number: 7, code: 'session.taken-over' },
    ]);
    made.apply(0, [{ closed: 7 }]);
    expect([isOnline('acme.d1'), made.countOf('acme')]).toEqual([true, 1]);
    // It has ended when the older one is told of: that one stays.
    made.apply(1, [{ closed: 3 }]);
    expect(made.apply(0, [opened(8, 'd1', { atMs: 15 })])).toEqual([]);
    expect(isOnline('acme.d1')).toBe(true);
  });

  test('a session that is over when it is told of takes nobody’s place', () => {
    const { made, isOnline } = directory();
    // It came second, in another worker, and was told of first.
    made.apply(1, [opened(3)]);
    expect(made.apply(0, [opened(7), { closed: 7 }])).toEqual([]);
    expect(isOnline('acme.d1')).toBe(true);
    made.apply(1, [{ closed: 3 }]);
    expect(isOnline('acme.d1')).toBe(false);
    expect(made.apply(0, [opened(8), { closed: 8 }])).toEqual([]);
    expect([isOnline('acme.d1'), made.countOf('acme')]).toEqual([false, 0]);
  });

  test('a claim session is nobody else’s, and puts no device online', () => {
    const { made, isOnline } = directory();
    expect(made.apply(0, [opened(1), opened(2, 'd1', { claim: true })])).toEqual([]);
    expect(made.countOf('acme')).toBe(1);
    made.apply(0, [{ closed: 1 }]);
    expect(isOnline('acme.d1')).toBe(false);
    expect(made.countOf('acme')).toBe(0);
  });

  test('a worker that dies takes its sessions with it, and no others', () => {
    const { made, isOnline } = directory();
    made.apply(0, [opened(1, 'a'), opened(2, 'b')]);
    made.apply(1, [opened(1, 'c'), opened(2, 'b')]);
    made.workerGone(0);
    expect(['a', 'b', 'c'].map((id) => isOnline(`acme.${id}`))).toEqual([false, true, true]);
    // The process that takes its place counts from 1 again.
    expect(made.apply(0, [opened(1, 'd')])).toEqual([]);
    made.apply(0, [{ closed: 2 }]);
    expect(isOnline('acme.b')).toBe(true);
  });
});

describe('the limit of an enterprise across workers', () => {
  test('the newest session beyond it is told to go; coming again is no further session', () => {
    const { made, isOnline } = directory({ acme: 2 });
    expect(made.apply(0, [opened(1, 'a'), opened(2, 'b')])).toEqual([]);
    const exceeded = 'enterprise.sessions-exceeded';
    expect(made.apply(1, [opened(1, 'c')])).toEqual([{ worker: 1, number: 1, code: exceeded }]);
    expect(isOnline('acme.c')).toBe(false);
    made.apply(1, [{ closed: 1 }]);
    expect(made.countOf('acme')).toBe(2);
    expect(made.apply(1, [opened(2, 'a')])).toMatchObject([{ code: 'session.taken-over' }]);
    expect(made.apply(1, [opened(3, 'x', { enterprise: 'other' })])).toEqual([]);
    made.apply(0, [{ closed: 2 }]);
    expect(made.apply(1, [opened(4, 'c')])).toEqual([]);
  });

  test('is not used up by claim sessions, which have one of their own', () => {
    const { made, limitOf } = directory({ acme: 2 });
    const claims = (worker: number, first: number, count: number) =>
      made.apply(
        worker,
        Array.from({ length: count }, (_, i) =>
          opened(first + i, `sn-${worker}-${i}`, { claim: true }),
        ),
      );
    const half = limits.claimSessionsPerEnterpriseMax / 2;
    expect([...claims(0, 1, half), ...claims(1, 1, half)]).toEqual([]);
    expect(made.apply(0, [opened(9001, 'a'), opened(9002, 'b')])).toEqual([]);
    expect(claims(2, 1, 1)).toEqual([{ worker: 2, number: 1, code: 'claim.sessions-exceeded' }]);
    limitOf.acme = 1;
    expect(made.enforce('acme')).toEqual([
      { worker: 0, number: 9002, code: 'enterprise.sessions-exceeded' },
    ]);
    made.apply(0, [{ closed: 1 }]);
    expect(claims(2, 2, 1)).toEqual([]);
  });

  test('when it is lowered, the newest go', () => {
    const { made, limitOf, isOnline } = directory();
    made.apply(0, [opened(1, 'a'), opened(2, 'b'), opened(3, 'c')]);
    made.apply(1, [opened(1, 'a')]);
    limitOf.acme = 2;
    expect(made.enforce('acme')).toEqual([
      { worker: 1, number: 1, code: 'enterprise.sessions-exceeded' },
    ]);
    expect(made.enforce('acme')).toEqual([]);
    expect([isOnline('acme.a'), isOnline('acme.b')]).toEqual([false, true]);
  });
});

test('of sessions of one moment each client has the one reported last, and counts agree', () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.tuple(fc.constant('open' as const), fc.nat(2), fc.nat(5)) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('close' as const), fc.nat(2), fc.nat(20)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('die' as const), fc.nat(2), fc.nat()) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const { made, isOnline, repeated } = directory();
      const sessions = new Map<string, { worker: number; number: number }>();
      const next = [0, 0, 0];
      for (const [kind, worker, value] of steps) {
        if (kind === 'open') {
          const key = `e${value % 2}.d${value}`;
          const number = ++next[worker]!;
          const before = sessions.get(key);
          const more = { enterprise: `e${value % 2}` };
          const ended = made.apply(worker, [opened(number, `d${value}`, more)]);
          expect(ended).toEqual(before ? [{ ...before, code: 'session.taken-over' }] : []);
          sessions.set(key, { worker, number });
        } else {
          const number = (value % (next[worker]! + 1)) + 1;
          if (kind === 'close') made.apply(worker, [{ closed: number }]);
          else made.workerGone(worker);
          for (const [key, at] of sessions) {
            if (at.worker === worker && (kind === 'die' || at.number === number)) {
              sessions.delete(key);
            }
          }
        }
        for (const enterprise of ['e0', 'e1']) {
          const mine = [...sessions.keys()].filter((key) => key.startsWith(`${enterprise}.`));
          expect(made.countOf(enterprise)).toBe(mine.length);
        }
        for (let d = 0; d <= 5; d++) {
          const key = `e${d % 2}.d${d}`;
          expect(isOnline(key)).toBe(sessions.has(key));
        }
      }
      expect(repeated).toEqual([]);
    }),
  );
});

test('whatever the interleaving of reports, the session that opened last stays if it is still open', () => {
  const worker = fc.nat(2);
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.tuple(fc.constant('open' as const), worker, fc.nat(2)) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('leave' as const), worker, fc.nat(2)) },
    { weight: 4, arbitrary: fc.tuple(fc.constant('report' as const), worker, fc.nat(4)) },
    { weight: 3, arbitrary: fc.tuple(fc.constant('end' as const), worker, fc.constant(0)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('wait' as const), worker, fc.constant(0)) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const { made, isOnline } = directory();
      const workers = [0, 1, 2].map(() => new SimulatedWorker());
      let nowMs = 0;
      /** The session that opened last, and of those at the same time every one. */
      const last = new Map<string, { atMs: number; sessions: Simulated[] }>();
      const act: Record<string, (at: number, value: number) => void> = {
        open: (at, value) => {
          const session = workers[at]!.open(`d${value}`, nowMs);
          const known = last.get(session.client);
          if (known?.atMs === nowMs) known.sessions.push(session);
          else last.set(session.client, { atMs: nowMs, sessions: [session] });
        },
        leave: (at, value) => workers[at]!.leave(`d${value}`),
        report: (at, count) => {
          const changes = workers[at]!.reports.splice(0, count);
          for (const { worker: to, number } of made.apply(at, changes)) {
            workers[to]!.toEnd.push(number);
          }
        },
        end: (at) => workers[at]!.end(),
        wait: () => {
          nowMs++;
        },
      };
      for (const [kind, at, value] of steps) act[kind]!(at, value);
      // Everything that is on its way arrives.
      while (workers.some(({ reports, toEnd }) => reports.length + toEnd.length > 0)) {
        for (const at of [0, 1, 2]) act.report!(at, 1000);
        for (const at of [0, 1, 2]) act.end!(at, 0);
      }
      for (const [client, { sessions }] of last) {
        const open = workers.flatMap((one) => one.opened(client));
        expect(open.length).toBeLessThanOrEqual(1);
        expect(isOnline(`acme.${client}`)).toBe(open.length === 1);
        if (sessions.every(({ left }) => !left)) expect(sessions).toContain(open[0]);
      }
    }),
    { numRuns: 2000 },
  );
});

interface Simulated {
  readonly client: string;
  readonly number: number;
  /** Its client closed it. */
  left: boolean;
}

/** A worker: its sessions, what it has not told yet, and what it has not been told yet to end. */
class SimulatedWorker {
  readonly reports: SessionChange[] = [];
  readonly toEnd: number[] = [];
  readonly #sessions: Simulated[] = [];
  #numbers = 0;

  open(client: string, atMs: number): Simulated {
    for (const before of this.opened(client)) this.#close(before);
    const session = { client, number: ++this.#numbers, left: false };
    this.#sessions.push(session);
    this.reports.push(opened(session.number, client, { atMs }));
    return session;
  }

  leave(client: string): void {
    for (const session of this.opened(client)) {
      session.left = true;
      this.#close(session);
    }
  }

  end(): void {
    const numbers = new Set(this.toEnd.splice(0));
    for (const session of this.#sessions.filter(({ number }) => numbers.has(number))) {
      this.#close(session);
    }
  }

  opened(client: string): Simulated[] {
    return this.#sessions.filter((session) => session.client === client);
  }

  #close(session: Simulated): void {
    this.#sessions.splice(this.#sessions.indexOf(session), 1);
    this.reports.push({ closed: session.number });
  }
}
