import { describe, expect, test } from 'vitest';
import { demoFleet, demoSettings } from '../../benchmarks/demo.ts';

const flags = { data: 'data/demo', seed: '1', httpPort: '8080', mqttPort: '1883' };
const key = Buffer.alloc(32);
const ports = { http: 0, mqtt: 0 };

describe('the demo', () => {
  test('plays a small city, the whole one with --city, and what other flags say', () => {
    expect(demoFleet(flags, 1883, key)).toMatchObject({
      ...{ devices: 1000, enterprises: 100, interval: 5000, duration: null },
      target: 'mqtt://127.0.0.1:1883',
    });
    const whole = { devices: 100_000, enterprises: 10_000, interval: 10_000 };
    expect(demoFleet({ ...flags, city: true }, 1883, key)).toMatchObject(whole);
    const slower = demoFleet({ ...flags, city: true, interval: 'nominal' }, 1883, key);
    expect(slower).toMatchObject({ ...whole, interval: null });
  });

  test('has a gateway and a fleet of the size, on the same addresses', () => {
    for (const city of [undefined, true] as const) {
      const fleet = demoFleet({ ...flags, ...(city && { city }) }, 1883, key);
      const { broker, workers } = demoSettings(flags, fleet.devices, ports);
      expect([workers, fleet.processes]).toEqual(['auto', 'auto']);
      expect(broker.sessionsExpected).toBeGreaterThan(fleet.devices);
      expect(broker.loopbackAddresses).toBe(fleet.spreadLoopback ?? 1);
    }
  });
});
