import { describe, expect, test } from 'vitest';
import type { DeviceEvent } from '../../../gateway/device-events/device-event.ts';
import { EventTap } from '../../../gateway/device-events/event-tap.ts';
import { limits } from '../../../model/limits.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

function setUp(watched: readonly string[] = ['acme.p1']) {
  const clock = new VirtualClock();
  const sent: DeviceEvent[][] = [];
  const tap = new EventTap({ clock, send: (events) => sent.push([...events]) });
  tap.watch(watched);
  const accepted = (key = 'acme.p1') =>
    tap.note({ key, kind: 'accepted', code: null, detail: 'telemetry' });
  const refused = (detail: string, key = 'acme.p1') =>
    tap.note({ key, kind: 'field-refused', code: 'signal.out-of-range', detail });
  return { accepted, clock, refused, sent, tap };
}

describe('the tap', () => {
  test('does nothing for devices that nobody watches', () => {
    const { accepted, clock, sent, tap } = setUp([]);
    expect(tap.active).toBe(false);
    accepted();
    tap.watch(['acme.p2']);
    expect([tap.active, tap.watches('acme.p1'), tap.watches('acme.p2')]).toEqual([
      true,
      false,
      true,
    ]);
    accepted();
    expect(clock.pending).toBe(0);
    clock.advance(5000);
    expect(sent).toEqual([]);
  });

  test('tells the first within 50 ms, what is like it once a second, and then rests', () => {
    const { accepted, clock, sent } = setUp();
    const beganMs = clock.nowMs();
    accepted();
    clock.advance(50);
    const event = { key: 'acme.p1', kind: 'accepted', code: null, detail: 'telemetry' };
    expect(sent).toEqual([[{ ...event, atMs: beganMs, count: 1 }]]);
    for (let i = 0; i < 100; i++) {
      accepted();
      clock.advance(5);
    }
    expect(sent).toHaveLength(1);
    clock.advance(500);
    expect(sent[1]).toEqual([{ ...event, atMs: beganMs + 545, count: 100 }]);
    clock.advance(2000);
    expect([sent.length, clock.pending]).toEqual([2, 0]);
  });

  test('keeps the order in which different things happened', () => {
    const { accepted, clock, refused, sent, tap } = setUp();
    tap.note({ key: 'acme.p1', kind: 'connected', code: null, detail: '10.0.0.7' });
    accepted();
    refused('temperature: 365 is not in 0 to 9');
    clock.advance(50);
    expect(sent[0]?.map(({ kind }) => kind)).toEqual(['connected', 'accepted', 'field-refused']);
  });

  test('a value that changes with every reading is told in a few details, and all are counted', () => {
    const { clock, refused, sent } = setUp();
    for (let i = 0; i < 500; i++) refused(`temperature: ${i} is not in 0 to 9`);
    clock.advance(50);
    expect(sent[0]).toHaveLength(4);
    expect(sent[0]?.reduce((sum, { count }) => sum + count, 0)).toBe(500);
    expect(sent[0]?.at(-1)?.detail).toBe('temperature: 499 is not in 0 to 9');
  });

  test('is bounded for each device and in all', () => {
    const keys = Array.from({ length: 1000 }, (_, i) => `acme.d${i}`);
    const { clock, sent, tap } = setUp(keys);
    const codes = ['signal.unknown', 'signal.too-long', 'signal.wrong-type'] as const;
    for (const key of keys) {
      for (const kind of ['refused', 'reading-refused', 'field-refused', 'state'] as const) {
        for (const code of codes) {
          for (let i = 0; i < 5; i++) tap.note({ key, kind, code, detail: `${i}` });
        }
      }
    }
    clock.advance(50);
    const events = sent.flat();
    expect(events.length).toBeLessThanOrEqual(limits.workerEventsGatheredMax);
    const ofOne = events.filter(({ key }) => key === 'acme.d0');
    expect(ofOne).toHaveLength(limits.deviceEventsGatheredMax);
  });

  test('forgets what was gathered of a device that is no longer watched', () => {
    const { accepted, clock, sent, tap } = setUp(['acme.p1', 'acme.p2']);
    accepted('acme.p1');
    accepted('acme.p2');
    tap.watch(['acme.p2']);
    clock.advance(50);
    expect(sent.flat().map(({ key }) => key)).toEqual(['acme.p2']);
    tap.watch([]);
    clock.advance(2000);
    expect(clock.pending).toBe(0);
  });

  test('a detail is bounded', () => {
    const { clock, refused, sent } = setUp();
    refused('x'.repeat(100_000));
    clock.advance(50);
    expect(sent[0]?.[0]?.detail.length).toBeLessThanOrEqual(1000);
  });
});
