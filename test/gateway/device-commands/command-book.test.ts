/** Commands in memory: what changes them, who may answer, and that they stay few. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CommandBook } from '../../../gateway/device-commands/command-book.ts';
import type { CommandOutcome } from '../../../gateway/device-commands/device-command.ts';
import { limits } from '../../../model/limits.ts';

const target = { enterprise: 'acme', device: 'm', gateway: null as string | null };
const delivered = (id: string): CommandOutcome => ({ id, kind: 'delivered' });
const reply = (id: string, more: { device?: string; by?: string } = {}): CommandOutcome => ({
  ...{ id, kind: 'reply', enterprise: 'acme', device: 'm', by: 'm', reply: '{}' },
  ...more,
});

function setUp(gateway: string | null = null) {
  const book = new CommandBook();
  book.add('c1', { ...target, gateway }, 0, 1000);
  const state = () => book.find('acme', 'm', 'c1', 1000)?.state;
  return { book, state };
}

describe('a command', () => {
  test('is sent, delivered, answered, and then stays as it is', () => {
    const { book, state } = setUp();
    expect(state()).toBe('sent');
    book.take(delivered('c1'), 1100);
    expect(state()).toBe('delivered');
    book.take(reply('c1'), 1200);
    book.take({ ...reply('c1'), reply: '{"again":1}' } as CommandOutcome, 1300);
    book.take({ id: 'c1', kind: 'undelivered', code: 'device.offline' }, 1300);
    book.workerGone(0);
    expect(book.find('acme', 'm', 'c1', 1300)).toMatchObject({
      ...{ state: 'answered', deliveredAtMs: 1100, answeredAtMs: 1200, reply: '{}', code: null },
    });
  });

  test('may be answered through another worker before its delivery is told', () => {
    const { book } = setUp();
    book.take(reply('c1'), 1200);
    book.take(delivered('c1'), 1300);
    expect(book.find('acme', 'm', 'c1', 1300)).toMatchObject({
      ...{ state: 'answered', deliveredAtMs: 1200 },
    });
  });

  test('is answered by nobody but its device, or the gateway that spoke for it', () => {
    const strangers = [
      reply('c1', { by: 'other' }),
      reply('c1', { device: 'other', by: 'other' }),
      { ...reply('c1'), enterprise: 'rival' } as CommandOutcome,
      reply('c2'),
    ];
    const { book, state } = setUp('gw');
    for (const stranger of strangers) book.take(stranger, 1100);
    expect(state()).toBe('sent');
    book.take(reply('c1', { by: 'gw' }), 1100);
    expect(state()).toBe('answered');
  });

  test('is undelivered when its worker dies with it, but not when it had been delivered', () => {
    const { book, state } = setUp();
    book.workerGone(1);
    expect(state()).toBe('sent');
    book.workerGone(0);
    expect(book.find('acme', 'm', 'c1', 1000)).toMatchObject({
      ...{ state: 'undelivered', code: 'device.offline' },
    });
    const other = setUp();
    other.book.take(delivered('c1'), 1100);
    other.book.workerGone(0);
    expect(other.state()).toBe('delivered');
  });

  test('is found by whom it was for, and for ten minutes', () => {
    const { book } = setUp();
    expect(book.find('acme', 'other', 'c1', 1000)).toBeNull();
    expect(book.find('rival', 'm', 'c1', 1000)).toBeNull();
    const endMs = 1000 + limits.commandKeptMs;
    expect(book.find('acme', 'm', 'c1', endMs - 1)).not.toBeNull();
    expect(book.find('acme', 'm', 'c1', endMs)).toBeNull();
    expect(book.size).toBe(0);
  });
});

describe('many commands', () => {
  test('of a device: those on their way are not forgotten for new ones, others are', () => {
    const book = new CommandBook();
    for (let i = 0; i < limits.commandsOfDeviceMax; i++) book.add(`c${i}`, target, 0, 0);
    expect(() => book.add('more', target, 0, 0)).toThrow('device.commands-exceeded');
    book.take(delivered('c3'), 0);
    book.add('more', target, 0, 0);
    expect(book.find('acme', 'm', 'c3', 0)).toBeNull();
    expect(book.find('acme', 'm', 'c0', 0)).not.toBeNull();
  });

  test('of whichever devices stay within every bound', () => {
    const step = fc.record({
      enterprise: fc.nat(30),
      device: fc.nat(40),
      delivered: fc.boolean(),
      waitMs: fc.oneof(fc.constant(0), fc.nat(20_000)),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 2500, maxLength: 4000 }), (steps) => {
        const book = new CommandBook();
        const kept: { id: string; enterprise: string; device: string }[] = [];
        let nowMs = 0;
        for (const [i, { device, enterprise, delivered: done, waitMs }] of steps.entries()) {
          const to = { enterprise: `e${enterprise}`, device: `d${device}`, gateway: null };
          nowMs += waitMs;
          try {
            book.add(`c${i}`, to, 0, nowMs);
          } catch {
            continue;
          }
          kept.push({ id: `c${i}`, ...to });
          if (done) book.take(delivered(`c${i}`), nowMs);
        }
        const there = kept.filter((one) => book.find(one.enterprise, one.device, one.id, nowMs));
        expect(there).toHaveLength(book.size);
        expect(book.size).toBeLessThanOrEqual(limits.commandsMax);
        const most = (key: (one: (typeof there)[0]) => string) =>
          Math.max(0, ...[...Map.groupBy(there, key).values()].map(({ length }) => length));
        expect(most(({ enterprise }) => enterprise)).toBeLessThanOrEqual(
          limits.commandsOfEnterpriseMax,
        );
        expect(most(({ device, enterprise }) => `${enterprise}.${device}`)).toBeLessThanOrEqual(
          limits.commandsOfDeviceMax,
        );
      }),
      { numRuns: 10 },
    );
  });
});
