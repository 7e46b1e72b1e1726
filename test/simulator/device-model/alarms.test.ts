import { expect, test } from 'vitest';
import type { Alarm, StateMachine } from '../../../model/profile.ts';
import type { AlarmEvent } from '../../../simulator/device-model/alarms.ts';
import { fromMs, moves, numbers, play, signal } from './small-profiles.ts';

const running: StateMachine = {
  initial: 'Run',
  states: { Run: { class: 'run', next: [] }, Stop: { ...moves('Run', '30'), class: 'alarm' } },
};
const name = { zh: '报警', en: 'Alarm' };
const wave = signal('x', {
  kind: 'osc',
  amplitude: 10,
  periodS: '200',
  inStates: ['Run'],
  rest: 0,
});

test('alarms hold their delay before they are raised, and clear on their own condition', () => {
  const alarms: Alarm[] = [
    { code: 'HIGH', severity: 2, name, when: 'x > 5', clearWhen: 'x < -5' },
    { code: 'LATE', severity: 3, name, when: 'x > 5', onDelayS: 30 },
    { code: 'NEVER', severity: 4, name, when: 'x > 5', onDelayS: 120 },
  ];
  const model = play({ signals: [wave], states: running, alarms });
  const log: (AlarmEvent & { x: number })[] = [];
  for (let s = 1; s <= 800; s++) {
    model.advance(0, fromMs + s * 1000);
    const { x } = numbers(model);
    for (const event of model.takeEvents(0)) {
      expect(event.timestampMs).toBe(fromMs + s * 1000);
      log.push({ ...event, x: x! });
    }
  }
  const of = (code: string) => log.filter((event) => event.code === code);
  expect(of('NEVER')).toEqual([]);
  expect(of('HIGH').length).toBeGreaterThanOrEqual(6);
  for (const { state, x } of of('HIGH')) expect(state === 'raised' ? x > 5 : x < -5).toBe(true);
  for (const code of ['HIGH', 'LATE']) {
    const states = of(code).map(({ state }) => state);
    const first = states[0] === 'raised' ? 0 : 1;
    states.forEach((state, i) => {
      expect(state, code).toBe(i % 2 === first ? 'raised' : 'cleared');
    });
  }
  const raised = of('LATE').filter(({ state }) => state === 'raised');
  // The wave is above 5 for a third of its period: 67 s, of which 30 s have passed.
  for (const { x } of raised) expect(x).toBeGreaterThan(8);
  expect(raised[0]?.severity).toBe(3);
});

test('alarms at random come at their rate, stop the machine, and clear when it has left', () => {
  const alarms: Alarm[] = [
    { code: 'CRASH', severity: 1, name, perDeviceDay: 48, forcesState: 'Stop' },
  ];
  const model = play({ signals: [wave], states: running, alarms });
  let raised = 0;
  let standing = false;
  for (let s = 10; s <= 4 * 86_400; s += 20) {
    model.advance(0, fromMs + s * 1000);
    for (const { state } of model.takeEvents(0)) {
      expect(state).toBe(standing ? 'cleared' : 'raised');
      standing = state === 'raised';
      if (standing) raised++;
    }
    if (standing) expect(model.stateClass(0)).toBe('alarm');
  }
  expect(raised).toBeGreaterThan(150);
  expect(raised).toBeLessThan(230);
});

test('alarms wait while nobody takes events, so that raised and cleared stay in pairs', () => {
  const alarms: Alarm[] = [
    { code: 'HIGH', severity: 2, name, when: 'x > 0' },
    { code: 'LOW', severity: 2, name, when: 'x < 0' },
    { code: 'LAMP', severity: 4, name, perDeviceDay: 500 },
  ];
  const model = play({ signals: [wave], states: running, alarms });
  const last = new Map<string, string>();
  for (let round = 1; round <= 20; round++) {
    for (let s = 1; s <= 3000; s += 7) {
      model.advance(0, fromMs + (round * 3000 + s) * 1000);
    }
    const events = model.takeEvents(0);
    expect(events.length).toBe(16);
    expect(model.takeEvents(0)).toEqual([]);
    for (const { code, state } of events) {
      expect(state, code).toBe(last.get(code) === 'raised' ? 'cleared' : 'raised');
      last.set(code, state);
    }
    const times = events.map(({ timestampMs }) => timestampMs);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  }
});
