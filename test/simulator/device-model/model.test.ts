import { describe, expect, test } from 'vitest';
import {
  type DeviceProfile,
  genericProfileId,
  publishedSignals,
  type Signal,
} from '../../../model/profile.ts';
import { builtInProfiles } from '../../../model/profiles/index.ts';
import { seededRandom } from '../../../model/random.ts';
import type { SignalValue } from '../../../model/reading.ts';
import { createEnvironment } from '../../../simulator/device-model/environment.ts';
import { createDeviceModel, type DeviceModel } from '../../../simulator/device-model/model.ts';

const at = (local: string): number => Date.parse(`${local}+08:00`);
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const friday = at('2018-11-30T12:00');

const profiles = [...builtInProfiles.values()].filter(({ id }) => id !== genericProfileId);
const named = profiles.map((profile) => [profile.id, profile] as const);

/** A model with `count` devices in one district. */
function fleet(profile: DeviceProfile, count: number, options = { seed: 1, district: 'wujin' }) {
  const environment = createEnvironment({ seed: options.seed });
  const model = createDeviceModel(profile, environment, count);
  for (let index = 0; index < count; index++) {
    model.add({ seed: 1000 * options.seed + index, district: options.district });
  }
  return { environment, model };
}

/** What a gateway would have to refuse; '' when the value belongs to the signal. */
function mistake(signal: Signal, value: SignalValue | undefined): string {
  const shown = `${signal.id} = ${JSON.stringify(value)}`;
  switch (signal.type) {
    case 'bool':
      return typeof value === 'boolean' ? '' : shown;
    case 'enum':
      return signal.values!.includes(value as string) ? '' : shown;
    case 'string':
      return typeof value === 'string' && value.length > 0 && value.length < 64 ? '' : shown;
    default: {
      if (typeof value !== 'number' || !Number.isFinite(value) || Object.is(value, -0)) {
        return shown;
      }
      const [low, high] = signal.range!;
      const decimals = signal.type === 'int' ? 0 : signal.precision!;
      const rounded = Number(value.toFixed(decimals)) === value;
      return value >= low && value <= high && rounded ? '' : shown;
    }
  }
}

/** Advances a device over `spanMs` in steps of many sizes, and calls `look` after each. */
function walk(
  model: DeviceModel,
  index: number,
  { fromMs, spanMs, seed }: { fromMs: number; spanMs: number; seed: number },
  look: (nowMs: number) => void,
): void {
  const random = seededRandom(seed);
  const jumps = [17, 1000, 7300, minuteMs, 11 * minuteMs, hourMs, 5 * hourMs];
  let nowMs = fromMs;
  model.advance(index, nowMs);
  look(nowMs);
  while (nowMs < fromMs + spanMs) {
    // Long stretches at the device's own pace, with odd and long steps in between.
    const odd = random.next() < 0.3;
    nowMs += odd ? jumps[random.int(0, jumps.length - 1)]! : model.intervalMs(index);
    model.advance(index, nowMs);
    look(nowMs);
  }
}

describe.each(named)('%s', (_id, profile) => {
  const published = publishedSignals(profile);
  const ids = published.map(({ id }) => id);
  const keyIds = published.filter(({ key }) => key).map(({ id }) => id);

  test('publishes only what belongs to its profile, over a week of mixed steps', () => {
    const { model } = fleet(profile, 2);
    const mistakes = new Set<string>();
    for (let index = 0; index < 2; index++) {
      const span = { fromMs: friday - dayMs, spanMs: 7 * dayMs, seed: index };
      walk(model, index, span, () => {
        const values = model.values(index, 'full');
        for (const signal of published) {
          const wrong = mistake(signal, values[signal.id]);
          if (wrong) mistakes.add(wrong);
        }
        if (Object.keys(values).length !== ids.length) mistakes.add('signals missing or too many');
      });
    }
    expect([...mistakes]).toEqual([]);
  });

  test('reports key signals with the values of the full report, and asking changes nothing', () => {
    const { model } = fleet(profile, 1);
    model.advance(0, friday);
    const full = model.values(0, 'full');
    expect(Object.keys(full)).toEqual(ids);
    const key = model.values(0, 'key');
    expect(Object.keys(key)).toEqual(keyIds);
    expect(full).toMatchObject(key);
    expect(model.values(0, 'full')).toEqual(full);
    model.advance(0, friday - hourMs);
    expect(model.values(0, 'full')).toEqual(full);
  });

  test('gives the same stream for the same seed, whoever else lives beside it', () => {
    const alone = fleet(profile, 1, { seed: 3, district: 'jintan' }).model;
    const { model: crowd, environment } = fleet(profile, 4, { seed: 3, district: 'jintan' });
    environment.district('wujin');
    const other = fleet(profile, 1, { seed: 4, district: 'jintan' }).model;
    let differs = false;
    for (let step = 0; step < 200; step++) {
      const nowMs = friday + step * 9000;
      for (const index of [3, 0, 2, 1]) crowd.advance(index, nowMs);
      alone.advance(0, nowMs);
      other.advance(0, nowMs);
      expect(crowd.values(0, 'full')).toEqual(alone.values(0, 'full'));
      expect(crowd.takeEvents(0)).toEqual(alone.takeEvents(0));
      differs ||=
        JSON.stringify(other.values(0, 'full')) !== JSON.stringify(alone.values(0, 'full'));
    }
    expect(differs).toBe(true);
  });

  test('counts up and never down, unless a reset is part of its profile', () => {
    const registers = published.filter(({ dynamics }) => {
      if (dynamics?.kind === 'count') return !dynamics.resetOnEnter;
      if (dynamics?.kind !== 'integral' || dynamics.rate.startsWith('-')) return false;
      return !(
        dynamics.resetOnEnter ||
        dynamics.resetDaily ||
        dynamics.resetWhen ||
        dynamics.clamp
      );
    });
    if (profile.behaviour!.powerKw && profile.id !== 'boiler-cems') {
      expect(registers.length).toBeGreaterThan(0);
    }
    const { model } = fleet(profile, 1);
    const before = new Map<string, number>();
    walk(model, 0, { fromMs: friday, spanMs: 2 * dayMs, seed: 9 }, () => {
      const values = model.values(0, 'full');
      for (const { id } of registers) {
        const value = values[id] as number;
        expect(value, id).toBeGreaterThanOrEqual(before.get(id) ?? 0);
        before.set(id, value);
      }
    });
  });

  test('survives any gap in bounded work', () => {
    const { model } = fleet(profile, 1);
    for (const gapMs of [0, dayMs, 30 * dayMs, 3650 * dayMs]) {
      model.advance(0, friday + gapMs);
      const values = model.values(0, 'full');
      expect(published.map((signal) => mistake(signal, values[signal.id])).join('')).toBe('');
      expect(model.intervalMs(0)).toBeGreaterThan(0);
    }
  });
});

describe('a plant', () => {
  const machines = profiles.filter(({ behaviour }) => behaviour!.states!.offState !== undefined);
  const shareRunning = (profile: DeviceProfile, nowMs: number): number => {
    const { model } = fleet(profile, 60);
    let running = 0;
    for (let index = 0; index < 60; index++) {
      model.advance(index, nowMs);
      if (model.stateClass(index) === 'run') running++;
    }
    return running / 60;
  };

  test.each(machines.map((profile) => [profile.id, profile] as const))(
    '%s sampled at ten in the morning for the first time is running',
    (_id, profile) => {
      expect(shareRunning(profile, at('2018-11-30T10:00'))).toBeGreaterThan(0.3);
    },
  );

  test.each(machines.filter(({ behaviour }) => behaviour!.schedule === 'two'))(
    '$id is off at night and on Sunday, and starts with the shift',
    (profile) => {
      expect(shareRunning(profile, at('2018-11-30T03:00'))).toBe(0);
      expect(shareRunning(profile, at('2018-12-02T10:00'))).toBe(0);
      const { model } = fleet(profile, 20);
      const classes = (nowMs: number) => {
        return Array.from({ length: 20 }, (_, index) => {
          model.advance(index, nowMs);
          return model.stateClass(index);
        });
      };
      expect(new Set(classes(at('2018-11-30T07:29:30')))).toEqual(new Set(['off']));
      expect(classes(at('2018-11-30T07:31:00'))).not.toContain('off');
      classes(at('2018-11-30T23:29:00'));
      expect(new Set(classes(at('2018-11-30T23:31:00')))).toEqual(new Set(['off']));
    },
  );
});

describe('a district moves together', () => {
  const charger = builtInProfiles.get('ev-charger-dc')!;
  const inverter = builtInProfiles.get('pv-inverter')!;

  test('every charger of a district sees a voltage dip and reports it, no other does', () => {
    const environment = createEnvironment({ seed: 1 });
    const model = createDeviceModel(charger, environment, 40);
    const districts = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? 'wujin' : 'xinbei'));
    for (const [seed, district] of districts.entries()) model.add({ seed, district });
    const everyone = (nowMs: number) =>
      districts.map((district, index) => {
        model.advance(index, nowMs);
        const voltage = model.values(index, 'key').gridVoltage as number;
        const codes = model
          .takeEvents(index)
          .filter(({ code }) => code === 'UnderVoltage')
          .map(({ state }) => state);
        return { district, voltage, codes };
      });
    everyone(friday);
    environment.voltageDip('wujin', friday + minuteMs, friday + 3 * minuteMs, 0.75);
    for (const { district, voltage, codes } of everyone(friday + 2 * minuteMs)) {
      const hit = district === 'wujin';
      expect(voltage < 198).toBe(hit);
      expect(codes).toEqual(hit ? ['raised'] : []);
    }
    for (const { district, voltage, codes } of everyone(friday + 4 * minuteMs)) {
      expect(voltage).toBeGreaterThan(220);
      expect(codes).toEqual(district === 'wujin' ? ['cleared'] : []);
    }
  });

  test('a cloud front takes the power of a district down', () => {
    const yieldUnder = (district: string): number => {
      const { environment, model } = fleet(inverter, 30, { seed: 2, district });
      environment.cloudFront('jintan', friday - hourMs, friday + hourMs, 0.3);
      let power = 0;
      for (let index = 0; index < 30; index++) {
        for (let minute = -60; minute <= 0; minute++) {
          model.advance(index, friday + minute * minuteMs);
        }
        power += model.values(index, 'key').w as number;
      }
      return power;
    };
    expect(yieldUnder('jintan')).toBeLessThan(0.5 * yieldUnder('wujin'));
  });

  test('the energy of a fleet does not depend on how often it is asked', () => {
    const energyInAShift = (stepMs: number): number => {
      const profile = builtInProfiles.get('cnc-machining-centre')!;
      const { model } = fleet(profile, 40);
      let energy = 0;
      for (let index = 0; index < 40; index++) {
        model.advance(index, friday);
        energy -= model.values(index, 'full').energyKwh as number;
        for (let ms = stepMs; ms <= 4 * hourMs; ms += stepMs) model.advance(index, friday + ms);
        energy += model.values(index, 'full').energyKwh as number;
      }
      return energy / 40;
    };
    const often = energyInAShift(5000);
    expect(often).toBeGreaterThan(10);
    expect(Math.abs(energyInAShift(20 * minuteMs) / often - 1)).toBeLessThan(0.08);
  });
});

test('a profile added at run time, without any behaviour, still gives values of its own', () => {
  const profile: DeviceProfile = {
    id: 'acme.press',
    name: { zh: '冲床', en: 'Press' },
    production: true,
    signals: [
      { ...plain('force', 'float'), range: [-5, 5], precision: 1 },
      { ...plain('strokes', 'int'), range: [0, 500] },
      plain('guard', 'bool'),
      { ...plain('mode', 'enum'), values: ['auto', 'manual'] },
      plain('job', 'string'),
    ],
  };
  const { model } = fleet(profile, 2);
  const seen = new Set<string>();
  walk(model, 1, { fromMs: friday, spanMs: 7 * dayMs, seed: 1 }, () => {
    const values = model.values(1, 'full');
    expect(profile.signals.map((signal) => mistake(signal, values[signal.id])).join('')).toBe('');
    seen.add(JSON.stringify(values));
  });
  expect(seen.size).toBeGreaterThan(100);
  expect([model.state(1), model.stateClass(1)]).toEqual(['', 'run']);
  expect(model.values(1, 'key')).toEqual({});
});

test('a model has room for its capacity and no more', () => {
  const { model } = fleet(profiles[0]!, 2);
  expect(() => model.add({ seed: 1, district: 'wujin' })).toThrow(RangeError);
});

function plain(id: string, type: Signal['type']): Signal {
  return { id, name: { zh: id, en: id }, unit: '1', ucum: '1', type };
}
