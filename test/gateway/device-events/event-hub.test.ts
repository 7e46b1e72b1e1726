import type { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { DeviceEvent } from '../../../gateway/device-events/device-event.ts';
import { EventHub } from '../../../gateway/device-events/event-hub.ts';
import { tellingDeadLetters } from '../../../gateway/device-events/store-refusals.ts';
import type { DeadLetter } from '../../../gateway/shipping/dead-letters.ts';
import type { Limits } from '../../../model/limits.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { letter } from '../shipping/letter.ts';

const minuteMs = 60_000;

function setUp(limits: Partial<Limits> = {}) {
  const clock = new VirtualClock();
  const watched: string[][] = [];
  const hub = new EventHub({ clock, watch: (keys) => watched.push([...keys].sort()), limits });
  return { clock, hub, watched };
}

function event(key: string, over: Partial<DeviceEvent> = {}): DeviceEvent {
  return { key, atMs: 1, kind: 'accepted', code: null, detail: 'telemetry', count: 1, ...over };
}

const outOfRange = (key: string, value: number) =>
  event(key, {
    kind: 'field-refused',
    code: 'signal.out-of-range',
    detail: `power: ${value} is not in 0 to 9 kW`,
  });

function collect(stream: Readable): { text: string; ended: boolean } {
  const read = { text: '', ended: false };
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    read.text += chunk;
  });
  stream.on('close', () => {
    read.ended = true;
  });
  return read;
}

/** The data of a stream's events. */
function told(text: string): { detail: string; count: number; text: { en: string; zh: string } }[] {
  return [...text.matchAll(/^event: device\ndata: (.*)$/gm)].map(([, data]) => JSON.parse(data!));
}

describe('watching', () => {
  test('begins when somebody asks, and is told once for many', async () => {
    const { clock, hub, watched } = setUp();
    hub.tell([event('acme.p1')]);
    expect(hub.recent('acme.p1')).toEqual([]);
    hub.keep('acme.p2');
    hub.join('acme.p3');
    hub.recent('acme.p1');
    await clock.advanceAsync(50);
    expect(watched).toEqual([['acme.p1', 'acme.p2', 'acme.p3']]);
    hub.tell([event('acme.p1'), event('acme.p9')]);
    expect(hub.recent('acme.p1')).toHaveLength(1);
    hub.close();
    expect(clock.pending).toBe(0);
  });

  test('ends a quarter of an hour after the last look; not for a trial, nor while a viewer is there', async () => {
    const { clock, hub, watched } = setUp();
    hub.keep('acme.trial');
    hub.recent('acme.looked');
    const viewer = hub.join('acme.viewed');
    collect(viewer);
    await clock.advanceAsync(17 * minuteMs);
    expect(watched.at(-1)).toEqual(['acme.trial', 'acme.viewed']);
    viewer.destroy();
    await clock.advanceAsync(14 * minuteMs);
    expect(hub.watched).toContain('acme.viewed');
    await clock.advanceAsync(3 * minuteMs);
    expect(watched.at(-1)).toEqual(['acme.trial']);
    hub.tell([event('acme.trial')]);
    hub.release('acme.trial');
    await clock.advanceAsync(14 * minuteMs);
    expect(hub.watched).toEqual(['acme.trial']);
    await clock.advanceAsync(3 * minuteMs);
    expect(hub.watched).toEqual([]);
    hub.release('acme.nobody');
    expect(hub.watched).toEqual([]);
    hub.close();
  });

  test('is bounded: whom nobody has looked at for longest goes first, trials after all others', async () => {
    const { clock, hub } = setUp({ watchedDevicesMax: 4 });
    hub.keep('acme.trial1');
    for (const key of ['acme.a', 'acme.b']) {
      await clock.advanceAsync(10);
      hub.recent(key);
    }
    collect(hub.join('acme.viewed'));
    await clock.advanceAsync(10);
    hub.recent('acme.a');
    hub.recent('acme.c');
    expect(hub.watched).toEqual(['acme.trial1', 'acme.a', 'acme.viewed', 'acme.c']);
    await clock.advanceAsync(10);
    hub.keep('acme.trial2');
    hub.keep('acme.trial3');
    expect(hub.watched).toEqual(['acme.trial1', 'acme.viewed', 'acme.trial2', 'acme.trial3']);
    await clock.advanceAsync(10);
    hub.keep('acme.trial4');
    expect(hub.watched).toEqual(['acme.viewed', 'acme.trial2', 'acme.trial3', 'acme.trial4']);
    hub.close();
  });
});

describe('recent events', () => {
  test('are told in both languages; what repeats is one event with a count', () => {
    const { hub } = setUp();
    hub.keep('acme.p1');
    hub.tell([event('acme.p1'), event('acme.p1', { count: 3, atMs: 5 })]);
    hub.tell([outOfRange('acme.p1', 12)]);
    const [accepted, refused] = hub.recent('acme.p1');
    expect(accepted).toMatchObject({ count: 4, atMs: 5, kind: 'accepted' });
    expect(refused?.text).toEqual({
      en: 'power: 12 is not in 0 to 9 kW — check the unit.',
      zh: 'power:12 不在 0 至 9 kW 的量程内——请检查单位。',
    });
    hub.close();
  });

  test('are the newest 200, oldest first', () => {
    const { hub } = setUp();
    hub.keep('acme.p1');
    for (let i = 0; i < 500; i++) hub.tell([outOfRange('acme.p1', 1000 + i)]);
    const recent = hub.recent('acme.p1');
    expect(recent).toHaveLength(200);
    expect(recent[0]?.detail).toContain('1300');
    expect(recent.at(-1)?.detail).toContain('1499');
    hub.close();
  });
});

describe('a stream', () => {
  test('begins with the recent events and goes on with what happens to this device only', async () => {
    const { clock, hub } = setUp();
    hub.keep('acme.p1');
    hub.tell([event('acme.p1', { kind: 'connected', detail: '10.0.0.7' })]);
    const one = collect(hub.join('acme.p1'));
    const other = collect(hub.join('acme.p2'));
    hub.tell([outOfRange('acme.p1', 12), event('acme.p2')]);
    await clock.advanceAsync(0);
    expect(told(one.text).map(({ detail }) => detail)).toEqual([
      '10.0.0.7',
      'power: 12 is not in 0 to 9 kW',
    ]);
    expect(told(one.text)[0]?.text.zh).toBe('设备已连接(10.0.0.7)。');
    expect(told(other.text)).toHaveLength(1);
    await clock.advanceAsync(20_000);
    expect(one.text).toContain(': heartbeat\n\n');
    hub.close();
    await clock.advanceAsync(0);
    expect([one.ended, other.ended]).toEqual([true, true]);
  });

  test('is given to a bounded number of viewers, and again when one has left', async () => {
    const { clock, hub } = setUp({ apiViewersMax: 2 });
    const first = hub.join('acme.p1');
    hub.join('acme.p2');
    expect(() => hub.join('acme.p1')).toThrow(
      expect.objectContaining({ code: 'api.too-many-viewers' }),
    );
    first.destroy();
    await clock.advanceAsync(0);
    expect(() => hub.join('acme.p1')).not.toThrow();
    hub.close();
  });

  test('of a viewer that does not read ends; nothing is kept for it, and the others get all', async () => {
    const { clock, hub } = setUp();
    const stuck = hub.join('acme.p1');
    const reading = collect(hub.join('acme.p1'));
    for (let i = 0; i < 5000; i++) {
      hub.tell([outOfRange('acme.p1', 1000 + i)]);
      if (i % 50 === 0) await clock.advanceAsync(1);
    }
    await clock.advanceAsync(1);
    expect(stuck.destroyed).toBe(true);
    expect(told(reading.text)).toHaveLength(5000);
    expect(reading.ended).toBe(false);
    hub.close();
  });
});

test('what the store refuses is told once it is a dead letter; what the check refused is not told again', async () => {
  const { hub } = setUp();
  hub.keep('acme.p1');
  const kept: DeadLetter[] = [];
  const letters = tellingDeadLetters({ put: async (all) => void kept.push(...all) }, hub);
  const refusal = { enterprise: 'acme', device: 'p1', code: 'store.refused-line' as const };
  await letters.put([
    ...Array.from({ length: 500 }, () =>
      letter({ ...refusal, stage: 'store', detail: 'field type conflict', scope: 'reading' }),
    ),
    letter({ ...refusal, stage: 'check', code: 'payload.not-json' }),
    letter({ ...refusal, stage: 'store', device: 'p2' }),
  ]);
  expect(kept).toHaveLength(502);
  expect(hub.recent('acme.p1')).toMatchObject([
    {
      kind: 'reading-refused',
      count: 500,
      text: {
        en: 'The store refused this reading; its reason is given (field type conflict).',
        zh: '存储拒绝了该读数,原因见说明(field type conflict)。',
      },
    },
  ]);
  const failing = tellingDeadLetters({ put: () => Promise.reject(new Error('disk full')) }, hub);
  await expect(failing.put([letter({ ...refusal, stage: 'store' })])).rejects.toThrow();
  expect(hub.recent('acme.p1')).toHaveLength(1);
  hub.close();
});
