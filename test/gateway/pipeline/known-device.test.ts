import { expect, test } from 'vitest';
import { KnownDevice } from '../../../gateway/pipeline/known-device.ts';

test('a device whose rows go on is told of once a minute, also when the clock was set back', () => {
  const known = new KnownDevice({
    enterprise: 'acme',
    device: 'd1',
    profile: 'press',
    district: 'wujin',
    industry: '34',
  });
  const minuteMs = 60_000;
  const hourMs = 60 * minuteMs;
  const at = [hourMs, hourMs + 1, hourMs + minuteMs - 1, hourMs + minuteMs, 10, 11, 10 + minuteMs];
  const told = at.map((nowMs) => known.touch(nowMs));
  expect(told).toEqual(['acme.d1', null, null, 'acme.d1', 'acme.d1', null, 'acme.d1']);
});
