import { expect, test } from 'vitest';
import { worstOf } from '../../../benchmarks/harness/disturbance.ts';
import { Recovery } from '../../../benchmarks/harness/recovery.ts';

const usual = { perSecond: 100, backlog: 20 };
const options = { devices: 1000, usual, disturbedMs: 10_000, overMs: 12_000 };

test('sessions come back, then rows, then the backlog is gone', () => {
  const recovery = new Recovery(options);
  const seen = [
    { atMs: 10_000, sessions: 1000, stored: 5000, backlog: 20 },
    { atMs: 11_000, sessions: 0, stored: 5000, backlog: 900 },
    { atMs: 12_000, sessions: 0, stored: 5000, backlog: 1000 },
    { atMs: 13_000, sessions: 989, stored: 5000, backlog: 1100 },
    { atMs: 14_000, sessions: 990, stored: 5050, backlog: 1100 },
    { atMs: 15_000, sessions: 1000, stored: 5100, backlog: 1100 },
    { atMs: 16_000, sessions: 1000, stored: 5400, backlog: 600 },
  ];
  for (const each of seen) recovery.see(each);
  expect(recovery.over).toBe(false);
  expect(recovery.findings()).toEqual({
    sessionsBackS: 4,
    rowsBackS: 6,
    recoveryS: null,
    drainS: null,
    drainPerSecond: null,
    backlogMax: 1100,
  });
  recovery.see({ atMs: 20_000, sessions: 1000, stored: 6600, backlog: 150 });
  expect(recovery.over).toBe(true);
  expect(recovery.findings()).toEqual({
    sessionsBackS: 4,
    rowsBackS: 6,
    recoveryS: 10,
    drainS: 8,
    drainPerSecond: 200,
    backlogMax: 1100,
  });
});

test('nothing is back before what disturbs is over', () => {
  const recovery = new Recovery(options);
  recovery.see({ atMs: 11_000, sessions: 0, stored: 5000, backlog: 0 });
  recovery.see({ atMs: 11_500, sessions: 1000, stored: 6000, backlog: 0 });
  expect(recovery.over).toBe(false);
  expect(recovery.findings()).toMatchObject({ sessionsBackS: null, drainS: null });
});

test('sessions that were never away do not come back', () => {
  const recovery = new Recovery(options);
  recovery.see({ atMs: 13_000, sessions: 1000, stored: 5000, backlog: 0 });
  recovery.see({ atMs: 14_000, sessions: 1000, stored: 6000, backlog: 0 });
  expect(recovery.findings()).not.toHaveProperty('sessionsBackS');
  expect(recovery.findings()).toMatchObject({ rowsBackS: 4, drainS: 1, recoveryS: 4 });
});

test('of several disturbances the worst is told; what never came back never did', () => {
  const first = { sessionsBackS: 2, recoveryS: 5, drainPerSecond: 50, backlogMax: 10 };
  const second = { sessionsBackS: 3, recoveryS: null, drainPerSecond: 40, backlogMax: 5 };
  const worst = { sessionsBackS: 3, recoveryS: null, drainPerSecond: 40, backlogMax: 10 };
  expect(worstOf([first, second])).toEqual(worst);
  expect(worstOf([second, first])).toEqual(worst);
});
