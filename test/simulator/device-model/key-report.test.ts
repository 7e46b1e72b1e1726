import { describe, expect, test } from 'vitest';
import { genericProfileId, publishedSignals } from '../../../model/profile.ts';
import { builtInProfiles } from '../../../model/profiles/index.ts';
import { seededStreams } from '../../../model/random.ts';
import { compileProfile } from '../../../simulator/device-model/compile.ts';
import { createEnvironment } from '../../../simulator/device-model/environment.ts';
import { createDeviceModel } from '../../../simulator/device-model/model.ts';
import { fromMs, moves, type Parts, play, signal } from './small-profiles.ts';

const profiles = [...builtInProfiles.values()].filter(({ id }) => id !== genericProfileId);

/** Nothing here is drawn at random, so both models must agree to the last digit. */
const parts: Parts = {
  signals: [
    signal('shown', { kind: 'expr', expr: 'heat + 1' }, { key: true }),
    signal('heat', { kind: 'lag', target: 'aim', tauS: 60 }),
    signal('aim', { kind: 'expr', expr: 'if(state == "Run", 80, 20)' }),
    signal('worn', { kind: 'integral', rate: 'speed', resetOnEnter: ['Run'] }),
    signal('speed', { kind: 'osc', amplitude: 5, periodS: '70', inStates: ['Run'], rest: 0 }),
    signal('strain', { kind: 'expr', expr: 'speed * 2' }),
    signal('beside', { kind: 'expr', expr: 'strain + shown' }),
  ],
  states: {
    initial: 'Run',
    states: {
      Run: moves('Wait', '500', [{ when: 'worn > 40', to: 'Wait' }]),
      Wait: { ...moves('Run', '53'), class: 'idle' },
    },
  },
  alarms: [{ code: 'STRAIN', severity: 2, name: { zh: '报警', en: 'Alarm' }, when: 'strain > 9' }],
};

test('a model for key reports behaves as the whole one: states, alarms and key signals', () => {
  const whole = play(parts);
  const key = play(parts, 1, 'key');
  const states = new Set<string>();
  let alarms = 0;
  for (let step = 1; step <= 600; step++) {
    for (const model of [whole, key]) model.advance(0, fromMs + step * 7000);
    expect(key.values(0, 'key')).toEqual(whole.values(0, 'key'));
    expect(key.state(0)).toBe(whole.state(0));
    states.add(key.state(0));
    const events = key.takeEvents(0);
    expect(events).toEqual(whole.takeEvents(0));
    alarms += events.length;
  }
  expect([...states].sort()).toEqual(['Run', 'Wait']);
  expect(alarms).toBeGreaterThan(10);
});

test('a model for key reports refuses a full one', () => {
  const model = play(parts, 1, 'key');
  expect(() => model.values(0, 'full')).toThrow(RangeError);
});

describe.each(profiles.map((profile) => [profile.id, profile] as const))('%s', (_, profile) => {
  test('a model for key reports has them all and plays less', () => {
    const model = createDeviceModel(profile, createEnvironment({ seed: 1 }), 1, 'key');
    model.add({ seed: 1, district: 'wujin' });
    model.advance(0, fromMs);
    const keys = publishedSignals(profile).filter(({ key }) => key);
    expect(Object.keys(model.values(0, 'key'))).toEqual(keys.map(({ id }) => id));
    const widthOf = (report: 'key' | 'full') =>
      compileProfile(profile, seededStreams(1), report).width;
    expect(widthOf('key')).toBeLessThan(widthOf('full'));
  });
});
