/** Injected: a gateway that never answers. Must hold: the probes end as soon as the run has to. */

import { expect, test } from 'vitest';
import { unlessAborted } from '../../../benchmarks/harness/interruption.ts';
import { watchIsolation } from '../../../benchmarks/harness/isolation-watch.ts';
import type { Platform } from '../../../benchmarks/harness/platform.ts';
import { systemClock } from '../../../model/clock.ts';
import { scriptedHttpServer } from '../../helpers/scripted-http-server.ts';

test('probes that wait for an answer end with the run', async () => {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const { url } = await scriptedHttpServer(() => resolve());
  const controller = new AbortController();
  const bench = {
    clock: systemClock,
    whileRunning: <T>(work: Promise<T>) => unlessAborted(work, controller.signal),
  };
  const address = { httpUrl: url, operatorToken: 'token', mqttPort: 1, mqttTlsPort: 1 };
  const watched = watchIsolation(bench, { address } as unknown as Platform, 0, () => 0);
  const reason = watched.catch((error: unknown) => error);
  await asked;
  const over = new Error('the run is over');
  controller.abort(over);
  expect(await reason).toBe(over);
});
