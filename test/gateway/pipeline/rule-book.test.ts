import { expect, test } from 'vitest';
import { RuleBook } from '../../../gateway/pipeline/rule-book.ts';
import type { DeviceProfile } from '../../../model/profile.ts';

function press(max: number): DeviceProfile {
  const power = { id: 'power', name: { zh: '功率', en: 'Power' }, unit: 'kW', ucum: 'kW' };
  return {
    id: 'acme.press',
    name: { zh: '冲压机', en: 'Press' },
    production: true,
    signals: [{ ...power, type: 'float', range: [0, max] }],
  };
}

function registry() {
  const state = { version: 1, profile: null as DeviceProfile | null, failing: false, asked: 0 };
  const source = {
    version: async () => state.version,
    profile: async () => {
      state.asked++;
      if (state.failing) throw new Error('the registry is busy');
      return state.profile;
    },
  };
  return { state, rules: new RuleBook(source) };
}

const maxOf = (rules: RuleBook) => rules.of('acme.press')?.get('power')?.max;

test('absence is not remembered; a profile that is there is asked for once', async () => {
  const { rules, state } = registry();
  await rules.ensure('acme.press');
  expect(maxOf(rules)).toBeUndefined();
  state.profile = press(10);
  await rules.ensure('acme.press');
  await rules.ensure('acme.press');
  expect(maxOf(rules)).toBe(10);
  expect(state.asked).toBe(2);
});

test('a change is taken over, also when the registry was busy the first time it was seen', async () => {
  const { rules, state } = registry();
  state.profile = press(10);
  await rules.ensure('acme.press');
  await rules.refresh();
  Object.assign(state, { version: 2, profile: press(20), failing: true });
  await expect(rules.refresh()).rejects.toThrow('busy');
  expect(maxOf(rules)).toBe(10);
  state.failing = false;
  await rules.refresh();
  expect(maxOf(rules)).toBe(20);
  const { asked } = state;
  await rules.refresh();
  expect(state.asked).toBe(asked);
});
