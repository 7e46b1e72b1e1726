import { expect, test } from 'vitest';
import {
  ambientSlots,
  createEnvironment,
  type Environment,
  onShiftSlot,
  shiftSlot,
} from '../../../simulator/device-model/environment.ts';
import { schedules } from '../../../simulator/device-model/schedule.ts';

const at = (local: string): number => Date.parse(`${local}+08:00`);
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

/** A copy of the conditions in a district. */
function conditions(environment: Environment, district: string, local: string | number) {
  const nowMs = typeof local === 'number' ? local : at(local);
  const row = Float64Array.from(environment.sample(environment.district(district), nowMs));
  const of = (name: keyof typeof ambientSlots) => row[ambientSlots[name]]!;
  const schedule = (name: (typeof schedules)[number]) => ({
    onShift: row[onShiftSlot + schedules.indexOf(name)]! === 1,
    shift: row[shiftSlot + schedules.indexOf(name)]!,
  });
  return { row, of, schedule };
}

test('is a pure function of seed, district and time, in whatever order it is asked', () => {
  const moments = [at('2018-07-01T12:00'), at('2018-07-01T03:00'), at('2018-12-01T12:00')];
  const ask = (order: readonly number[], seed: number) => {
    const environment = createEnvironment({ seed });
    environment.district('xinbei');
    const answers = order.map((nowMs) => [nowMs, conditions(environment, 'wujin', nowMs).row]);
    return new Map(answers as [number, Float64Array][]);
  };
  const forward = ask(moments, 5);
  const backward = ask(moments.toReversed(), 5);
  for (const moment of moments) expect(forward.get(moment)).toEqual(backward.get(moment));
  expect(ask(moments, 6)).not.toEqual(forward);
});

test('districts share the day but not every gust', () => {
  const environment = createEnvironment({ seed: 2 });
  const [a, b] = ['wujin', 'jintan'].map((id) => conditions(environment, id, '2018-07-01T12:00'));
  expect(a!.of('irr')).toBe(b!.of('irr'));
  expect(a!.of('fgrid')).toBe(b!.of('fgrid'));
  expect(a!.of('ugrid')).not.toBe(b!.of('ugrid'));
  expect(Math.abs(a!.of('tamb') - b!.of('tamb'))).toBeLessThan(5);
});

test('the sun stands over 31.8° N', () => {
  const environment = createEnvironment({ seed: 1 });
  const irradiance = (local: string) => conditions(environment, 'wujin', local).of('irr');
  expect(irradiance('2018-06-21T12:00')).toBeGreaterThan(950);
  expect(irradiance('2018-12-21T12:00')).toBeGreaterThan(500);
  expect(irradiance('2018-12-21T12:00')).toBeLessThan(650);
  expect(irradiance('2018-06-21T00:00')).toBe(0);
  // The longest day has light at six, the shortest does not.
  expect(irradiance('2018-06-21T06:00')).toBeGreaterThan(100);
  expect(irradiance('2018-12-21T06:30')).toBe(0);
});

test('a year stays within what Changzhou knows', () => {
  const environment = createEnvironment({ seed: 3 });
  for (let hour = 0; hour < 365 * 24; hour += 5) {
    const { of } = conditions(environment, 'wujin', at('2018-01-01T00:00') + hour * hourMs);
    expect(of('cloudSite')).toBeGreaterThanOrEqual(0.25);
    expect(of('cloudSite')).toBeLessThanOrEqual(1);
    expect(of('tamb')).toBeGreaterThan(-10);
    expect(of('tamb')).toBeLessThan(41);
    expect(of('tind')).toBeGreaterThan(9);
    expect(of('tind')).toBeLessThan(37);
    expect(of('rh')).toBeLessThanOrEqual(98);
    expect(Math.abs(of('ugrid') - 230)).toBeLessThan(9);
    expect(Math.abs(of('fgrid') - 50)).toBeLessThanOrEqual(0.05);
  }
});

test('shops keep their hours, their lunch and their Sundays', () => {
  const environment = createEnvironment({ seed: 4 });
  const shop = (schedule: (typeof schedules)[number], local: string) =>
    conditions(environment, 'wujin', local).schedule(schedule);
  // 2018-11-30 was a Friday.
  expect(shop('one', '2018-11-30T07:59:59').onShift).toBe(false);
  expect(shop('one', '2018-11-30T08:00').onShift).toBe(true);
  expect(shop('one', '2018-11-30T17:00').onShift).toBe(false);
  expect(shop('two', '2018-11-30T07:30').onShift).toBe(true);
  expect(shop('two', '2018-11-30T23:29').onShift).toBe(true);
  expect(shop('two', '2018-11-30T23:30').onShift).toBe(false);
  expect(shop('office', '2018-12-01T10:00').onShift).toBe(false);
  expect(shop('one', '2018-12-01T10:00').onShift).toBe(true);
  expect(shop('two', '2018-12-02T10:00').onShift).toBe(false);
  expect(shop('three', '2018-12-02T03:00').onShift).toBe(true);
  expect(shop('two', '2018-11-30T03:00').shift).toBe(0);
  expect(shop('two', '2018-11-30T10:00').shift).toBeGreaterThan(0.85);
  expect(shop('two', '2018-11-30T12:00').shift).toBeLessThan(0.6);
});

test('chargers are busiest when the valley tariff begins', () => {
  const environment = createEnvironment({ seed: 1 });
  const arrivals = Array.from({ length: 24 }, (_, hour) =>
    conditions(environment, 'wujin', at('2018-11-30T00:00') + hour * hourMs).of('evArrival'),
  );
  const busiest = arrivals.indexOf(Math.max(...arrivals));
  expect([22, 23]).toContain(busiest);
  expect(Math.min(...arrivals)).toBeGreaterThan(0);
});

test('a voltage dip hits its district and nobody else, for as long as it lasts', () => {
  const fromMs = at('2018-11-30T10:00');
  const calm = createEnvironment({ seed: 7 });
  const disturbed = createEnvironment({ seed: 7 });
  const ratio = (district: string, nowMs: number) =>
    conditions(disturbed, district, nowMs).of('ugrid') /
    conditions(calm, district, nowMs).of('ugrid');
  // Asked for before the dip is known: nothing stale may be remembered.
  expect(ratio('wujin', fromMs)).toBe(1);
  disturbed.voltageDip('wujin', fromMs, fromMs + minuteMs, 0.7);
  expect(ratio('wujin', fromMs - 1000)).toBe(1);
  expect(ratio('wujin', fromMs)).toBeCloseTo(0.7, 10);
  expect(ratio('wujin', fromMs + minuteMs - 1)).toBeCloseTo(0.7, 10);
  expect(ratio('wujin', fromMs + minuteMs)).toBe(1);
  expect(ratio('xinbei', fromMs)).toBe(1);
  disturbed.voltageDip('xinbei', fromMs + 300, fromMs + 400, 0.5);
  expect(ratio('xinbei', fromMs + 900)).toBeCloseTo(0.5, 10);
});

test('a cloud front comes and goes gradually', () => {
  const fromMs = at('2018-11-30T10:00');
  const calm = createEnvironment({ seed: 7 });
  const cloudy = createEnvironment({ seed: 7 });
  cloudy.cloudFront('jintan', fromMs, fromMs + hourMs, 0.3);
  const ratio = (minutes: number, district = 'jintan') => {
    const nowMs = fromMs + minutes * minuteMs;
    return (
      conditions(cloudy, district, nowMs).of('cloudSite') /
      conditions(calm, district, nowMs).of('cloudSite')
    );
  };
  expect(ratio(30)).toBeCloseTo(0.3, 10);
  expect(ratio(5)).toBeGreaterThan(0.35);
  expect(ratio(5)).toBeLessThan(0.95);
  expect(ratio(-1)).toBe(1);
  expect(ratio(61)).toBe(1);
  expect(ratio(30, 'wujin')).toBe(1);
});

test('districts and disturbances are bounded', () => {
  const environment = createEnvironment({ seed: 1 });
  for (let i = 0; i < 64; i++) environment.district(`d${i}`);
  expect(environment.district('d63')).toBe(63);
  expect(() => environment.district('d64')).toThrow(RangeError);
  const nowMs = at('2018-11-30T10:00');
  environment.voltageDip('d0', nowMs, nowMs + hourMs, 0.5);
  for (let i = 0; i < 32; i++) environment.voltageDip('d0', nowMs + hourMs, nowMs + 2 * hourMs, 1);
  expect(conditions(environment, 'd0', nowMs).of('ugrid')).toBeGreaterThan(200);
});
