/**
 * Injected: any order of reports from several workers, closes that come late, workers that die.
 * Must hold: one session for each client id, the one reported last; nobody but losers is told.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { SessionChange } from '../../gateway/messages.ts';
import { SessionDirectory } from '../../gateway/session-directory.ts';

function directory(limits: Record<string, number> = {}) {
  const online = new Map<string, boolean>();
  const repeated: string[] = [];
  const made = new SessionDirectory({
    limitOf: (enterprise) => limits[enterprise] ?? 1000,
    onOnline: (key, now) => {
      if ((online.get(key) ?? false) === now) repeated.push(key);
      online.set(key, now);
    },
  });
  const isOnline = (key: string) => online.get(key) ?? false;
  return { made, isOnline, limits, repeated };
}

const opened = (
  number: number,
  subject = 'd1',
  more: { kind?: 'device' | 'gateway' | 'claim'; enterprise?: string } = {},
): SessionChange => ({ opened: number, kind: 'device', enterprise: 'acme', subject, ...more });

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
    made.apply(1, [{ closed: 7 }]);
    expect(isOnline('acme.d1')).toBe(false);
    expect(made.countOf('acme')).toBe(0);
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
    expect(made.apply(0, [opened(1), opened(2, 'd1', { kind: 'claim' })])).toEqual([]);
    expect(made.countOf('acme')).toBe(2);
    made.apply(0, [{ closed: 1 }]);
    expect(isOnline('acme.d1')).toBe(false);
    expect(made.countOf('acme')).toBe(1);
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

  test('when it is lowered, the newest go', () => {
    const { made, limits, isOnline } = directory();
    made.apply(0, [opened(1, 'a'), opened(2, 'b'), opened(3, 'c')]);
    made.apply(1, [opened(1, 'a')]);
    limits.acme = 2;
    expect(made.enforce('acme')).toEqual([
      { worker: 1, number: 1, code: 'enterprise.sessions-exceeded' },
    ]);
    expect(made.enforce('acme')).toEqual([]);
    expect([isOnline('acme.a'), isOnline('acme.b')]).toEqual([false, true]);
  });
});

test('whatever workers report, each client has the session reported last, and counts agree', () => {
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
