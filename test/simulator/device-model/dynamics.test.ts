/** The dynamics one by one, on small profiles whose right answer is known. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Dynamics, Signal } from '../../../model/profile.ts';
import { fromMs, moves, numbers, type Parts, play, resting, signal } from './small-profiles.ts';

test('what is not random does not depend on the steps, however they fall', () => {
  const parts: Parts = {
    signals: [
      signal('power', { kind: 'lag', target: 'if(state == "Run", 50, 10)', tauS: 20 }),
      signal('energy', { kind: 'integral', rate: 'power/3600' }),
      signal('runTime', { kind: 'integral', rate: 'state == "Run"' }),
      signal('starts', { kind: 'count', on: 'enter:Run', step: '1' }),
      signal('cycles', { kind: 'count', on: 'cycle', step: '2' }),
      signal(
        'level',
        { kind: 'map', values: { Run: 'high', default: 'low' } },
        {
          type: 'enum',
          values: ['low', 'high'],
        },
      ),
      signal('angle', {
        kind: 'osc',
        amplitude: 3,
        offset: 1,
        periodS: '12',
        inStates: ['Run'],
        rest: 0,
      }),
    ],
    cycle: { inStates: ['Run'], periodS: '5', jitter: 0 },
  };
  const spanMs = 1_000_000;
  const reference = play(parts);
  for (let ms = 500; ms <= spanMs; ms += 500) reference.advance(0, fromMs + ms);
  const stops = fc.array(fc.integer({ min: 1, max: spanMs - 1 }), { maxLength: 40 });
  fc.assert(
    fc.property(stops, (list) => {
      const model = play(parts);
      for (const ms of [...list.toSorted((a, b) => a - b), spanMs]) model.advance(0, fromMs + ms);
      expect(model.state(0)).toBe(reference.state(0));
      for (const [id, value] of Object.entries(reference.values(0, 'full'))) {
        const same = model.values(0, 'full')[id];
        if (typeof value === 'number') expect(same, id).toBeCloseTo(value, 4);
        else expect(same, id).toBe(value);
      }
    }),
    { numRuns: 40 },
  );
});

test('Ornstein-Uhlenbeck noise keeps its mean and spread whatever the step', () => {
  for (const stepMs of [1000, 60_000, 3_600_000]) {
    const noise = { kind: 'ou', mean: '20', tauS: 30, sd: 2, clamp: [0, 40] } as const;
    const model = play({ signals: [signal('x', noise)], states: resting });
    let sum = 0;
    let squares = 0;
    const count = 2000;
    for (let i = 1; i <= count; i++) {
      model.advance(0, fromMs + i * stepMs);
      const { x } = numbers(model);
      sum += x!;
      squares += x! * x!;
    }
    const mean = sum / count;
    expect(Math.abs(mean - 20)).toBeLessThan(1);
    expect(Math.sqrt(squares / count - mean * mean)).toBeGreaterThan(1.6);
    expect(Math.sqrt(squares / count - mean * mean)).toBeLessThan(2.4);
  }
});

describe('integrals', () => {
  test('start again each local day', () => {
    const today = signal('today', { kind: 'integral', rate: '1', resetDaily: true });
    const model = play({ signals: [today] });
    const midnight = Date.parse('2018-12-01T00:00:00+08:00');
    model.advance(0, midnight - 1000);
    expect(numbers(model).today).toBeGreaterThan(12 * 3600 - 2);
    model.advance(0, midnight + 60_000);
    model.advance(0, midnight + 120_000);
    expect(numbers(model).today).toBeLessThanOrEqual(120);
  });

  test('start again on a condition and on entering a state, and keep to their clamp', () => {
    const model = play({
      signals: [
        signal('wear', { kind: 'integral', rate: '0.25', resetWhen: 'wear >= 30' }),
        signal('batch', { kind: 'integral', rate: '1', resetOnEnter: ['Run'] }),
        signal('tank', { kind: 'integral', rate: '1', clamp: [0, 5] }),
      ],
    });
    for (let s = 1; s < 600; s++) {
      model.advance(0, fromMs + s * 1000);
      const { wear, batch, tank } = numbers(model);
      expect(wear).toBeLessThan(30);
      expect(batch).toBeLessThanOrEqual(91);
      expect(tank).toBe(5);
    }
  });
});

test('pulses and random counts come as often as they should', () => {
  const model = play({
    signals: [
      signal('door', { kind: 'pulse', perDay: 288, durationS: 60 }, { type: 'bool' }),
      signal('falls', { kind: 'count', on: 'poisson', perHour: 30, step: '1' }),
    ],
  });
  let open = 0;
  const first = numbers(model).falls!;
  const minutes = 4 * 24 * 60;
  for (let minute = 1; minute <= minutes; minute++) {
    model.advance(0, fromMs + minute * 60_000);
    if (model.values(0, 'full').door) open++;
  }
  expect(numbers(model).falls! - first).toBeGreaterThan(0.93 * (minutes / 2));
  expect(numbers(model).falls! - first).toBeLessThan(1.07 * (minutes / 2));
  // Five minutes closed on average, one open.
  expect(open / minutes).toBeGreaterThan(0.12);
  expect(open / minutes).toBeLessThan(0.22);
});

test('a fan with hysteresis starts above one level and stops below the other', () => {
  const model = play({
    signals: [
      signal('heat', { kind: 'osc', amplitude: 10, periodS: '40', inStates: ['Run'], rest: 0 }),
      signal('fan', { kind: 'hysteresis', input: 'heat', on: 5, off: -5 }, { type: 'bool' }),
    ],
    states: resting,
  });
  let before = false;
  let changes = 0;
  for (let s = 1; s <= 400; s++) {
    model.advance(0, fromMs + s * 1000);
    const { heat, fan } = model.values(0, 'full') as { heat: number; fan: boolean };
    if (fan !== before) {
      changes++;
      expect(fan ? heat > 5 : heat < -5).toBe(true);
    }
    before = fan;
  }
  expect(changes).toBeGreaterThanOrEqual(18);
});

test('a condition wins over the timed transition, and is met in time', () => {
  const model = play({
    signals: [
      signal('charge', { kind: 'integral', rate: 'if(state == "Charge", 1, -1)', clamp: [0, 100] }),
    ],
    states: {
      initial: 'Charge',
      states: {
        Charge: moves('Broken', '10000', [{ when: 'charge >= 80', to: 'Drain' }]),
        Drain: moves('Broken', '10000', [{ when: 'charge <= 20', to: 'Charge' }]),
        Broken: { class: 'alarm', next: [] },
      },
    },
  });
  for (let minute = 1; minute < 200; minute++) {
    model.advance(0, fromMs + minute * 60_000);
    expect(model.state(0)).not.toBe('Broken');
    expect(numbers(model).charge).toBeGreaterThanOrEqual(10);
    expect(numbers(model).charge).toBeLessThanOrEqual(90);
  }
});

test('dwells have the mean they say, by each distribution', () => {
  for (const distribution of ['exp', 'lognormal', 'fixed'] as const) {
    const next = [{ to: 'Run', weight: 1, dwellS: '20', distribution }];
    const model = play({
      signals: [signal('starts', { kind: 'count', on: 'enter:Run', step: '1' })],
      states: { initial: 'Run', states: { Run: { class: 'run', next } } },
    });
    const first = numbers(model).starts!;
    for (let minute = 1; minute <= 1000; minute++) model.advance(0, fromMs + minute * 60_000);
    const starts = numbers(model).starts! - first;
    expect(starts / 3000, distribution).toBeGreaterThan(0.95);
    expect(starts / 3000, distribution).toBeLessThan(1.05);
  }
});

test('a machine that changes state too often for its steps is bounded, and goes on', () => {
  const model = play({
    signals: [signal('starts', { kind: 'count', on: 'enter:Run', step: '1' })],
    states: { initial: 'Run', states: { Run: moves('Run', '0') } },
  });
  const first = numbers(model).starts!;
  model.advance(0, fromMs + 86_400_000);
  expect(numbers(model).starts! - first).toBeGreaterThan(0);
  expect(numbers(model).starts! - first).toBeLessThan(1000);
  model.advance(0, fromMs + 86_401_000);
  expect(model.state(0)).toBe('Run');
});

describe('a profile with a mistake is refused by name', () => {
  const odd = (dynamics: Dynamics, options: Partial<Signal> = {}) => [
    signal('x', dynamics, options),
  ];
  const cases: [string, Parts][] = [
    [
      'signal "x": expression "y + 1", column 1: unknown name "y"',
      {
        signals: odd({ kind: 'expr', expr: 'y + 1' }),
      },
    ],
    [
      'no value of "x" for state "Wait"',
      {
        signals: odd({ kind: 'map', values: { Run: 'a' } }, { type: 'enum', values: ['a'] }),
      },
    ],
    [
      'draw of "b", which is none of a',
      {
        signals: odd(
          { kind: 'onEnter', states: ['Run'], draw: { choice: [['b', 1]] } },
          { type: 'enum', values: ['a'] },
        ),
      },
    ],
    [
      'unknown state "Gone"',
      {
        signals: odd({ kind: 'onEnter', states: ['Gone'], draw: { uniform: [0, 1] } }),
      },
    ],
    [
      '"x" counts on unknown "moon"',
      {
        signals: odd({ kind: 'count', on: 'moon', step: '1' }),
      },
    ],
    [
      'needs one {int:low-high}',
      {
        signals: odd(
          { kind: 'onEnter', states: ['Run'], draw: { pattern: 'no number' } },
          { type: 'string' },
        ),
      },
    ],
    [
      'a choice needs options',
      {
        signals: odd({ kind: 'onEnter', states: ['Run'], draw: { choice: [] } }),
      },
    ],
    [
      'unknown state "Gone"',
      {
        signals: [],
        states: { initial: 'Run', states: { Run: moves('Gone', '1') } },
      },
    ],
    [
      'alarm "A": expression "nope", column 1: unknown name "nope"',
      {
        signals: [],
        alarms: [{ code: 'A', severity: 1, name: { zh: '甲', en: 'A' }, when: 'nope' }],
      },
    ],
    [
      'alarm "A" forces unknown state "Gone"',
      {
        signals: [],
        alarms: [
          {
            code: 'A',
            severity: 1,
            name: { zh: '甲', en: 'A' },
            perDeviceDay: 1,
            forcesState: 'Gone',
          },
        ],
      },
    ],
  ];
  test.each(cases)('%s', (problem, parts) => {
    expect(() => play(parts)).toThrow(problem);
  });
});
