/** Pages of an API that is not ours. Must hold: what is no device in them is passed over. */

import { test } from 'vitest';
import type { CityDevice } from '../../../model/city.ts';
import { RowWatch } from '../../../simulator/onboarding/row-watch.ts';
import type { ApiAnswer, PlatformApi } from '../../../simulator/platform-api.ts';
import { eventually } from '../../helpers/eventually.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

test('items that are nothing, or half a device', async () => {
  const items = [
    null,
    'e.d',
    7,
    { activatedAtMs: 1 },
    { enterprise: 'e', device: 'd', activatedAtMs: '1' },
    { enterprise: 'e', device: 'd', activatedAtMs: null },
    { enterprise: 'e', device: 'd', activatedAtMs: 123 },
  ];
  const answer: ApiAnswer = { status: 200, body: { items, next: null }, dateMs: null };
  const clock = new VirtualClock();
  const found: unknown[] = [];
  const watch = new RowWatch({
    clock,
    api: { get: async () => answer } as unknown as PlatformApi,
    devices: [{ enterprise: 'e', device: 'd' } as CityDevice],
    missing: () => 1 - found.length,
    onRows: (rows) => found.push(...rows),
    onFailure: () => {},
    onRefused: () => {},
  });
  watch.start();
  await eventually(() => found).toEqual([{ index: 0, atMs: 123 }]);
  const stopped = watch.stop();
  await clock.advanceAsync(100);
  await stopped;
});
