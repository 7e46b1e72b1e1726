// Faults: a store that is away, a store that refuses some lines, two replays at once. What must hold:
// every reading of a letter marked as stored is a row of its own, no other letter loses its payload.

import { join } from 'node:path';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ReplayRequest } from '../../../gateway/api/context.ts';
import { type DeadLetter, DeadLetters } from '../../../gateway/shipping/dead-letters.ts';
import { replay } from '../../../gateway/shipping/replay.ts';
import { MemoryStore } from '../../../gateway/stores/memory.ts';
import type { LineBatch } from '../../../gateway/stores/store.ts';
import { systemClock } from '../../../model/clock.ts';
import { eventMeasurement } from '../../../model/profile.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { failureOf, openEmpty } from '../registry/open.ts';
import { letter } from './letter.ts';

const atMs = 1_700_000_000_000;
const profile = 'acme.press';
const series = `${profile},device=d1,district=wujin,enterprise=acme,industry=34`;

/** The enterprise acme with a press d1, whose force is 0 to `forceMax`. */
async function openWorld(forceMax = 100) {
  const { registry } = openEmpty();
  const letters = new DeadLetters(join(temporaryFolder(), 'dead-letters.db'));
  onTestFinished(() => letters.close());
  const store = new MemoryStore({ kind: 'memory', rowsMax: 100_000 });
  const context = { deadLetters: letters, store, registry, clock: systemClock };
  const name = { zh: '力', en: 'Force' };
  const signal = (id: string, max: number) => ({
    ...{ id, name, unit: 'kN', ucum: 'kN', type: 'float' as const },
    range: [0, max] as const,
  });
  let index = 0;
  const world = {
    registry,
    letters,
    store,
    press: (max: number) =>
      registry.addProfile(
        {
          id: profile,
          name,
          production: true,
          signals: [signal('force', max), signal('heat', max)],
        },
        'acme',
      ),
    add: (device: string, more: { kind?: 'gateway'; gateway?: string; profile?: string } = {}) =>
      registry.add({
        enterprise: 'acme',
        device,
        district: 'wujin',
        industry: '34',
        profile,
        ...more,
      }),
    /** Puts letters of d1. */
    put: (...change: Partial<DeadLetter>[]) =>
      letters.put(change.map((each) => letter({ index: index++, atMs, profile, ...each }))),
    write: async (...lines: string[]) => {
      const text = lines.map((line) => `${line}\n`).join('');
      const result = await store.write({ lines: Buffer.from(text), lineCount: lines.length });
      expect(result.status).toBe('stored');
    },
    replay: (request: Partial<ReplayRequest> = {}) => replay({ limit: 1000, ...request }, context),
    /** Oldest first. */
    rows: async (device = 'd1', measurement = profile) => {
      const query = { enterprise: 'acme', device, profile: measurement, limit: 100_000 };
      return (await store.readings(query)).reverse();
    },
    kept: async () => (await letters.list({ limit: 1000 })).items.toReversed(),
  };
  await registry.addEnterprise({ id: 'acme', district: 'wujin', industry: '34' });
  await world.press(forceMax);
  await world.add('d1');
  return world;
}

const telemetry = (...readings: { ts?: number; seq?: number; values: object }[]) => ({
  payload: JSON.stringify(readings.length === 1 ? readings[0] : readings),
});

const forces = (...values: number[]) =>
  telemetry(...values.map((force) => ({ values: { force } })));

describe('a letter the check refused', () => {
  it('stays with its new reason while it is bad, and is a row once its profile takes it', async () => {
    const world = await openWorld();
    const reading = telemetry({ ts: atMs - 5, seq: 7, values: { force: 150 } });
    await world.put({ code: 'signal.unknown', ...reading });
    expect(await world.replay()).toEqual({ tried: 1, stored: 0, refusedAgain: 1, next: null });
    const [kept] = await world.kept();
    expect(kept).toMatchObject({ replay: 'refused', code: 'signal.unknown', ...reading });
    expect(kept!.replayDetail).toMatch(/^reading\.all-refused: .*force: 150 is not in 0 to 100/);
    expect(await world.rows()).toEqual([]);

    await world.press(200);
    expect(await world.replay()).toEqual({ tried: 1, stored: 1, refusedAgain: 0, next: null });
    expect(await world.kept()).toMatchObject([{ replay: 'stored', payload: null }]);
    expect(await world.rows()).toEqual([{ timestampMs: atMs - 5, seq: 7, values: { force: 150 } }]);
    expect(await world.replay()).toMatchObject({ tried: 0 });
  });

  it('is refused with what is wrong with its payload', async () => {
    const world = await openWorld();
    await world.put({ payload: '{"values"' }, { payload: '{"a":1}' }, { payload: '' });
    expect(await world.replay()).toMatchObject({ refusedAgain: 3 });
    const reasons = (await world.kept()).map(({ replayDetail }) => replayDetail?.split(':')[0]);
    expect(reasons).toEqual(['payload.not-json', 'payload.not-a-reading', 'payload.not-json']);
  });

  it('that holds one field adds it to the row of the other fields', async () => {
    const world = await openWorld();
    await world.write(`${series} force=5,seq=7,quality=192 ${atMs}`);
    const field = telemetry({ seq: 7, ts: atMs, values: { heat: 150 } });
    await world.put({ scope: 'field', readings: 0, code: 'signal.out-of-range', ...field });
    expect(await world.replay()).toMatchObject({ stored: 0 });
    await world.press(200);
    expect(await world.replay()).toMatchObject({ stored: 1 });
    const whole = { timestampMs: atMs, seq: 7, values: { force: 5, heat: 150 } };
    expect(await world.rows()).toEqual([whole]);
  });

  it('that holds one field makes no row of its own in another profile', async () => {
    const world = await openWorld();
    const field = telemetry({ ts: atMs, values: { heat: 50 } });
    await world.put({ scope: 'field', readings: 0, profile: 'generic', ...field });
    expect(await world.replay()).toMatchObject({ refusedAgain: 1 });
    expect(await world.rows()).toEqual([]);
    expect((await world.kept())[0]!.replayDetail).toMatch(/profile generic$/);
  });
});

describe('readings without a timestamp', () => {
  it('are a row each, in one payload, in letters of one batch, and in replays one after the other', async () => {
    const world = await openWorld();
    await world.put(forces(1, 2, 3), forces(4, 5), forces(6), forces(7, 8));
    expect(await world.replay({ limit: 2 })).toMatchObject({ stored: 2, next: 2 });
    expect(await world.replay({ limit: 1 })).toMatchObject({ stored: 1 });
    expect(await world.replay()).toMatchObject({ stored: 1, next: null });
    expect(await world.rows()).toEqual(
      [1, 2, 3, 4, 5, 6, 7, 8].map((force, i) => ({
        timestampMs: atMs + i,
        seq: null,
        values: { force },
      })),
    );
  });

  it('leave the rows alone that the store has already, and the timestamps of their own payload', async () => {
    const world = await openWorld();
    await world.write(`${series} heat=1 ${atMs}`, `${series} heat=2 ${atMs + 2}`);
    await world.put(
      telemetry(
        { values: { force: 1 } },
        { ts: atMs + 3, values: { force: 2 } },
        { values: { force: 3 } },
      ),
    );
    expect(await world.replay()).toMatchObject({ stored: 1 });
    const rows = await world.rows();
    expect(rows.map(({ timestampMs, values }) => [timestampMs - atMs, values])).toEqual([
      [0, { heat: 1 }],
      [1, { force: 1 }],
      [2, { heat: 2 }],
      [3, { force: 2 }],
      [4, { force: 3 }],
    ]);
  });

  it('keep the time of their arrival, whatever the order of the letters', async () => {
    const world = await openWorld();
    await world.put({ ...forces(2), atMs: atMs + 60_000 }, { ...forces(1), atMs });
    await world.replay();
    const rows = await world.rows();
    expect(rows.map(({ timestampMs }) => timestampMs - atMs)).toEqual([0, 60_000]);
  });

  it('of a generic machine are a reading each, too', async () => {
    const world = await openWorld();
    await world.add('g1', { profile: 'generic' });
    const readings = [{ values: { a: 1, b: 'x' } }, { values: { a: 2 } }];
    const sent = { device: 'g1', profile: 'generic', ...telemetry(...readings) };
    await world.put(sent, sent);
    expect(await world.replay()).toMatchObject({ stored: 2 });
    const rows = await world.rows('g1', 'generic');
    expect(rows.map(({ values }) => values)).toEqual(
      [...readings, ...readings].map(({ values }) => values),
    );
  });

  it('wait when the store cannot say which times are free', async () => {
    const world = await openWorld();
    await world.put(forces(1));
    vi.spyOn(world.store, 'readings').mockRejectedValueOnce(new Error('away'));
    await expect(world.replay()).rejects.toThrow('away');
    expect(await world.kept()).toMatchObject([{ replay: 'waiting', ...forces(1) }]);
    expect(await world.replay()).toMatchObject({ stored: 1 });
  });
});

describe('alarms', () => {
  it('are checked as alarms, and a row each when they have no timestamp', async () => {
    const world = await openWorld();
    const topic = 'onramp/v1/acme/d1/event';
    const event = (state: string, severity: number) => ({ code: 'HOT', severity, state });
    const pair = JSON.stringify([event('raised', 2), event('cleared', 3)]);
    await world.put(
      { topic, payload: pair },
      { topic, payload: pair },
      { topic, payload: JSON.stringify(event('raised', 9)) },
      { topic, ...forces(1) },
    );
    expect(await world.replay()).toMatchObject({ stored: 2, refusedAgain: 2 });
    const rows = await world.rows('d1', eventMeasurement);
    expect(rows.map(({ timestampMs, values }) => [timestampMs - atMs, values.severity])).toEqual([
      [0, 2],
      [1, 3],
      [2, 2],
      [3, 3],
    ]);
    const reasons = (await world.kept()).slice(2).map(({ replayDetail }) => replayDetail);
    for (const reason of reasons) expect(reason).toMatch(/^payload\.not-an-event: /);
  });
});

describe('who may speak for a device', () => {
  it('what a gateway sent for a device that does not name it is never stored', async () => {
    const world = await openWorld();
    await world.add('edge', { kind: 'gateway', profile: 'generic' });
    await world.add('d2', { gateway: 'edge' });
    await world.put(
      { code: 'reading.not-carried', ...forces(1) },
      { code: 'reading.not-carried', device: 'd2', ...forces(1) },
    );
    for (let i = 0; i < 2; i++) {
      expect(await world.replay()).toMatchObject({ tried: 2, stored: 0, refusedAgain: 2 });
    }
    for (const kept of await world.kept()) {
      expect(kept).toMatchObject({ replay: 'refused', ...forces(1) });
      expect(kept.replayDetail).toMatch(/^reading\.not-carried: .*never replayed/);
    }
    expect(await world.store.totals(0)).toMatchObject({ devices: 0 });
  });

  it('what was sent for a device that nobody had registered is stored once it is', async () => {
    const world = await openWorld();
    const topic = 'onramp/v1/acme/d2/telemetry';
    const sent = { code: 'reading.unknown-device' as const, device: 'd2', topic, profile: '' };
    await world.put({ ...sent, ...forces(1, 2) }, { ...sent, device: 'edge', ...forces(3) });
    expect(await world.replay()).toMatchObject({ stored: 0, refusedAgain: 2 });
    expect((await world.kept())[0]!.replayDetail).toMatch(/^reading\.unknown-device: /);
    await world.add('d2');
    await world.add('edge', { kind: 'gateway', profile: 'generic' });
    expect(await world.replay()).toMatchObject({ stored: 1, refusedAgain: 1 });
    expect(await world.rows('d2')).toHaveLength(2);
    expect((await world.kept())[1]!.replayDetail).toMatch(/edge is a gateway/);
  });
});

describe('the store', () => {
  const line = (field: string, ms: number) => `${series} ${field},quality=192 ${ms}\n`;
  const fromStore = (payload: string) => ({
    stage: 'store' as const,
    code: 'store.refused-line' as const,
    topic: '',
    payload,
  });

  it('gets the very lines it refused; those it still refuses stay', async () => {
    const world = await openWorld();
    await world.write(`${series} heat=1 ${atMs - 1}`);
    await world.put(
      fromStore(line('force=1', atMs)),
      fromStore(line('heat="hot"', atMs + 1)),
      fromStore(line('force=3', atMs + 2)),
    );
    expect(await world.replay()).toMatchObject({ tried: 3, stored: 2, refusedAgain: 1 });
    expect((await world.rows()).map(({ timestampMs }) => timestampMs - atMs)).toEqual([-1, 0, 2]);
    expect(await world.kept()).toMatchObject([
      { replay: 'stored', payload: null },
      {
        replay: 'refused',
        replayDetail: 'field heat is a string, but is stored as a number',
        payload: line('heat="hot"', atMs + 1),
      },
      { replay: 'stored', payload: null },
    ]);
  });

  it('being away, all letters wait again, and nothing is lost', async () => {
    const world = await openWorld();
    await world.put(forces(1), fromStore(line('force=2', atMs + 5)), forces(999));
    const away = { status: 'unavailable' as const, reason: 'no answer' };
    vi.spyOn(world.store, 'write').mockResolvedValueOnce(away);
    expect(await failureOf(world.replay())).toEqual({
      code: 'store.unavailable',
      details: ['no answer'],
    });
    expect(await world.kept()).toMatchObject([
      { replay: 'waiting', ...forces(1) },
      { replay: 'waiting', payload: line('force=2', atMs + 5) },
      { replay: 'refused', ...forces(999) },
    ]);
    expect(await world.replay()).toEqual({ tried: 3, stored: 2, refusedAgain: 1, next: null });
    expect(await world.rows()).toHaveLength(2);
  });

  it('going away in the middle, what it has is marked; its writes are no larger than it likes', async () => {
    const world = await openWorld();
    await world.add('g1', { profile: 'generic' });
    const readings = Array.from({ length: 600 }, (_, a) => ({ values: { a } }));
    const sent = { device: 'g1', profile: 'generic', ...telemetry(...readings) };
    await world.put(...Array.from({ length: 40 }, () => sent));
    const really = world.store.write.bind(world.store);
    const sizes: number[] = [];
    const write = vi.spyOn(world.store, 'write').mockImplementation(async (batch: LineBatch) => {
      sizes.push(batch.lineCount);
      return sizes.length === 2 ? { status: 'unavailable', reason: 'away' } : really(batch);
    });
    expect((await failureOf(world.replay())).code).toBe('store.unavailable');
    const count = async (state: string) =>
      (await world.kept()).filter(({ replay }) => replay === state).length;
    expect([await count('stored'), await count('waiting')]).toEqual([33, 7]);
    expect(await world.replay()).toMatchObject({ tried: 7, stored: 7 });
    expect(sizes).toEqual([19_800, 4200, 4200]);
    write.mockRestore();
    const rows = await world.rows('g1', 'generic');
    expect(rows.map(({ timestampMs }) => timestampMs)).toEqual(
      Array.from({ length: 24_000 }, (_, i) => atMs + i),
    );
  });
});

describe('many letters', () => {
  it('more than a page are replayed in one go, each tried once', async () => {
    const world = await openWorld();
    await world.put(...Array.from({ length: 2300 }, (_, i) => forces(i % 2 === 0 ? 1 : 999)));
    expect(await world.replay({ limit: 10_000 })).toEqual({
      tried: 2300,
      stored: 1150,
      refusedAgain: 1150,
      next: null,
    });
    expect(await world.rows()).toHaveLength(1150);
    const first = await world.replay({ limit: 1100 });
    expect(first).toMatchObject({ tried: 1100, refusedAgain: 1100, next: 2200 });
    const rest = await world.replay({ limit: 1100, after: first.next! });
    expect(rest).toMatchObject({ tried: 50, next: null });
  });

  it('are shared by two replays at once, which give no time twice', async () => {
    const world = await openWorld();
    await world.put(...Array.from({ length: 40 }, () => forces(1, 2)));
    const write = vi.spyOn(world.store, 'write');
    const reports = await Promise.all([world.replay({ limit: 25 }), world.replay({ limit: 25 })]);
    expect(reports.map(({ tried, stored }) => [tried, stored])).toEqual([
      [25, 25],
      [15, 15],
    ]);
    expect(write.mock.calls.map(([batch]) => batch.lineCount)).toEqual([50, 30]);
    expect(await world.rows()).toHaveLength(80);
  });

  it('of others are left alone by a replay that fails', async () => {
    const world = await openWorld();
    await world.put(forces(1), forces(2));
    const away = { status: 'unavailable' as const, reason: 'no answer' };
    vi.spyOn(world.store, 'write').mockResolvedValueOnce(away);
    const [failed, done] = await Promise.allSettled([world.replay(), world.replay()]);
    expect(failed.status).toBe('rejected');
    expect(done).toMatchObject({ status: 'fulfilled', value: { tried: 2, stored: 2 } });
    expect(await world.rows()).toHaveLength(2);
  });
});
