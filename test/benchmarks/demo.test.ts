import { describe, expect, test } from 'vitest';
import { demoFleet, demoSettings } from '../../benchmarks/demo.ts';

const flags = { data: 'data/demo', seed: '1', httpPort: '8080', mqttPort: '1883' };
const on = { cores: 8, fleetKey: Buffer.alloc(32), mqttPort: 1883 };
const ports = { http: 0, mqtt: 0 };

describe('the demo', () => {
  test('plays a small city, the whole one with --city, and what other flags say', () => {
    expect(demoFleet(flags, on)).toMatchObject({
      ...{ devices: 1000, enterprises: 100, interval: 5000, duration: null },
      target: 'mqtt://127.0.0.1:1883',
    });
    const whole = { devices: 100_000, enterprises: 10_000, interval: 10_000 };
    expect(demoFleet({ ...flags, city: true }, on)).toMatchObject(whole);
    const slower = demoFleet({ ...flags, city: true, interval: 'nominal' }, on);
    expect(slower).toMatchObject({ ...whole, interval: null });
  });

  test('asks no more of a small machine than it carries, unless that is wanted', () => {
    const intervalOn = (cores: number, more = {}) =>
      demoFleet({ ...flags, city: true, ...more }, { ...on, cores }).interval;
    expect([2, 4, 6, 64].map((cores) => intervalOn(cores))).toEqual([
      30_000, 20_000, 10_000, 10_000,
    ]);
    expect(intervalOn(2, { interval: '10s' })).toBe(10_000);
    expect(demoFleet(flags, { ...on, cores: 1 }).interval).toBe(5000);
    expect(() => demoFleet({ ...flags, devices: 'many' }, on)).toThrow('--devices');
  });

  test('has a gateway and a fleet of the size, on the same addresses', () => {
    for (const city of [undefined, true] as const) {
      const fleet = demoFleet({ ...flags, ...(city && { city }) }, on);
      const { broker, workers } = demoSettings(flags, fleet.devices, ports);
      expect([workers, fleet.processes]).toEqual(['auto', 'auto']);
      expect(broker.sessionsExpected).toBeGreaterThan(fleet.devices);
      expect(broker.loopbackAddresses).toBe(fleet.spreadLoopback ?? 1);
    }
  });
});
