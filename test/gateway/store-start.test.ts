/**
 * Injected: a store that is away, one that is found late and then misconfigured. Must hold: it is
 * tried until it is there; the reason is known at any time and logged when it changes.
 */

import { expect, test } from 'vitest';
import { StoreStart } from '../../gateway/store-start.ts';
import { OnrampError } from '../../model/errors.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

/** A store whose start fails with `failure` while there is one. */
function world(failure: Error | null) {
  const clock = new VirtualClock();
  const logged: string[] = [];
  const store = {
    description: 'a store',
    failure,
    starts: 0,
    async start() {
      store.starts++;
      if (store.failure) throw store.failure;
    },
  };
  const keep = (level: string) => (message: string) => void logged.push(`${level} ${message}`);
  const log = { info: keep('info'), warn: keep('warn'), error: keep('error') };
  return {
    clock,
    logged,
    store,
    start: new StoreStart({ store, clock, log, devices: async () => 7 }),
  };
}

const away = new OnrampError('store.unavailable', 'connection refused');
const wrong = new OnrampError('store.unsupported', 'it is a web server');

test('one that is there is started once', async () => {
  const { clock, logged, start, store } = world(null);
  await start.begin();
  expect(start.unavailable).toBeNull();
  await clock.advanceAsync(60_000);
  expect([store.starts, logged]).toEqual([1, []]);
});

test.each([wrong, new Error('not one of ours')])(
  'one that is wrong at first is refused: %s',
  async (error) => {
    const { clock, start } = world(error);
    await expect(start.begin()).rejects.toBe(error);
    expect(clock.pending).toBe(0);
  },
);

test('one that is away, then wrong, then mended is started, and the reason is known', async () => {
  const { clock, logged, start, store } = world(away);
  const sinceMs = clock.nowMs();
  await start.begin();
  expect(start.unavailable).toEqual({ sinceMs, reason: away.message });
  await clock.advanceAsync(6000);
  await clock.advanceAsync(0);
  expect(store.starts).toBe(4);
  expect(logged).toEqual([`warn ${away.message}`]);

  store.failure = wrong;
  await clock.advanceAsync(2000);
  await clock.advanceAsync(30_000);
  await clock.advanceAsync(0);
  expect(store.starts).toBe(4 + 1 + 3);
  expect(start.unavailable).toEqual({ sinceMs, reason: wrong.message, code: wrong.code });
  expect(logged.slice(1)).toEqual([`error ${wrong.message}`]);

  store.failure = null;
  await clock.advanceAsync(10_000);
  await clock.advanceAsync(0);
  expect(start.unavailable).toBeNull();
  expect(logged.slice(2)).toEqual(['info The store is there: a store.']);
  await clock.advanceAsync(60_000);
  expect(store.starts).toBe(9);
});

test('stopped, it is tried no more', async () => {
  const { clock, start, store } = world(away);
  await start.begin();
  start.stop();
  await clock.advanceAsync(60_000);
  expect(store.starts).toBe(1);
});

test.each([
  [7, 100_000],
  [250_000, 250_000],
])(
  'limits too small for the devices there are, %i, or will be, are told',
  async (there, planned) => {
    const { clock, logged, store } = world(null);
    const asked: number[] = [];
    const limited = Object.assign(store, {
      async problemsFor(devices: number) {
        asked.push(devices);
        return ['max-values-per-tag is 5'];
      },
    });
    const warn = (message: string) => void logged.push(message);
    const log = { info: warn, warn, error: warn };
    await new StoreStart({ store: limited, clock, log, devices: async () => there }).begin();
    expect(asked).toEqual([planned]);
    expect(logged).toHaveLength(1);
    expect(logged[0]).toContain('store.limits-too-small');
    expect(logged[0]).toContain('max-values-per-tag is 5');
  },
);
