import { describe, expect, it } from 'vitest';
import {
  processCount,
  refuseTooMany,
  sessionsMaxOf,
} from '../../../simulator/shards/process-count.ts';

const unlimited = Number.POSITIVE_INFINITY;

describe('processCount', () => {
  it.each([
    ['a small fleet', { devices: 300, sessionsMax: unlimited, cores: 8 }, 1],
    ['one for each 500 devices', { devices: 1200, sessionsMax: unlimited, cores: 8 }, 3],
    ['one for each core', { devices: 100_000, sessionsMax: unlimited, cores: 4 }, 4],
    ['as the limit demands', { devices: 100_000, sessionsMax: 19_900, cores: 2 }, 7],
    ['a limit that is tiny', { devices: 1000, sessionsMax: 1, cores: 1 }, 256],
    ['one device', { devices: 1, sessionsMax: 10, cores: 64 }, 1],
  ])('is enough for %s', (_, needs, processes) => {
    expect(processCount(needs)).toBe(processes);
  });

  it('leaves a fifth of the sockets free', () => {
    for (let devices = 1000; devices < 1_000_000; devices *= 3) {
      const sessionsMax = sessionsMaxOf(20_000);
      const each = Math.ceil(devices / processCount({ devices, sessionsMax, cores: 1 }));
      expect(each).toBeLessThanOrEqual(0.8 * sessionsMax);
    }
  });
});

describe('refuseTooMany', () => {
  const needs = { devices: 100_000, sessionsMax: sessionsMaxOf(20_000), cores: 2 };

  it('says how many processes would do, and which limit', () => {
    expect(() => refuseTooMany(needs, 1)).toThrow(
      /100000 sessions, and this process may open 19900 sockets; use --processes 7 .*ulimit -n 100100/,
    );
    expect(() => refuseTooMany(needs, 4)).toThrow(/25000 sessions, and each of 4 processes/);
    expect(() => refuseTooMany(needs, 7)).not.toThrow();
  });

  it('does not have processes without devices', () => {
    expect(() => refuseTooMany({ ...needs, devices: 3 }, 4)).toThrow(
      /--processes: 4 for 3 devices/,
    );
  });
});
