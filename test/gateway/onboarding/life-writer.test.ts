/** What became due on its way to the registry: gathered, in parts, and again when it fails. */

import { describe, expect, test } from 'vitest';
import { LifeWriter } from '../../../gateway/onboarding/life-writer.ts';
import type { LifeChange, LifeOutcome } from '../../../gateway/registry/lives.ts';
import { OnrampError } from '../../../model/errors.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

function setUp() {
  const clock = new VirtualClock();
  const applied: LifeChange[][] = [];
  const noted: string[][] = [];
  const outcomes: LifeOutcome[] = [];
  const refused: string[] = [];
  const world = { failing: false, unknown: new Set<string>() };
  const fail = () => {
    if (world.failing) throw new OnrampError('database.unavailable');
  };
  const writer = new LifeWriter({
    lives: {
      apply: async (changes) => {
        fail();
        applied.push([...changes]);
        return changes.map((change) =>
          world.unknown.has(change.device)
            ? null
            : { ...change, from: 'registered' as const, to: 'connected' as const },
        );
      },
      noteRows: async (rows) => {
        fail();
        noted.push(rows.map(({ device }) => device));
      },
    },
    clock,
    log: { warn: () => {} },
    onOutcomes: (some) => outcomes.push(...some),
    onRefused: (keys) => refused.push(...keys),
  });
  return { applied, clock, noted, outcomes, refused, world, writer };
}

const events = (changes: readonly LifeChange[]) =>
  changes.map(({ device, event }) => `${device} ${event}`);

describe('what became due', () => {
  test('is gathered, once each, a device’s changes in their order', async () => {
    const { applied, clock, outcomes, writer } = setUp();
    writer.add('acme.a', 'connect', 1);
    writer.add('acme.b', 'connect', 2);
    writer.add('acme.a', 'store', 3);
    writer.add('acme.a', 'connect', 4);
    await clock.advanceAsync(199);
    expect(applied).toEqual([]);
    await clock.advanceAsync(1);
    expect(applied.map(events)).toEqual([['a connect', 'a store', 'b connect']]);
    expect(outcomes).toHaveLength(3);
    writer.add('acme.a', 'connect', 5);
    await clock.advanceAsync(200);
    expect(applied).toHaveLength(2);
  });

  test('goes in parts, so that nothing is held up', async () => {
    const { applied, clock, writer } = setUp();
    for (let i = 0; i < 2500; i++) writer.add(`acme.d${i}`, 'connect', 1);
    for (let i = 0; i < 10; i++) await clock.advanceAsync(100);
    expect(applied.map((part) => part.length)).toEqual([1000, 1000, 500]);
  });

  test('is written again when the registry failed, and nothing of it is lost', async () => {
    const { applied, clock, noted, world, writer } = setUp();
    world.failing = true;
    writer.add('acme.a', 'connect', 1);
    writer.noteRow('acme.b', 1);
    await clock.advanceAsync(2500);
    expect(applied).toEqual([]);
    world.failing = false;
    await clock.advanceAsync(1500);
    expect(applied.map(events)).toEqual([['a connect']]);
    expect(noted).toEqual([['b']]);
  });

  test('that the registry does not take is told, so that the device is read anew', async () => {
    const { clock, outcomes, refused, world, writer } = setUp();
    world.unknown.add('a');
    writer.add('acme.a', 'store', 1);
    writer.add('acme.b', 'store', 1);
    await clock.advanceAsync(300);
    expect(refused).toEqual(['acme.a']);
    expect(outcomes.map(({ device }) => device)).toEqual(['b']);
  });

  test('of one device can be taken along by who changes it', async () => {
    const { applied, clock, writer } = setUp();
    writer.add('acme.a', 'connect', 1);
    writer.add('acme.b', 'connect', 1);
    expect(events(writer.take('acme.a'))).toEqual(['a connect']);
    expect(writer.take('acme.a')).toEqual([]);
    await clock.advanceAsync(300);
    expect(applied.map(events)).toEqual([['b connect']]);
  });

  test('is on disk when the writer has stopped', async () => {
    const { applied, noted, writer } = setUp();
    writer.add('acme.a', 'connect', 1);
    for (let i = 0; i < 1500; i++) writer.noteRow(`acme.d${i}`, 1);
    await writer.stop();
    expect(applied.map(events)).toEqual([['a connect']]);
    expect(noted.map((part) => part.length)).toEqual([1000, 500]);
  });

  test('does not keep a registry that fails from stopping', async () => {
    const { world, writer } = setUp();
    world.failing = true;
    writer.add('acme.a', 'connect', 1);
    await writer.stop();
  });
});
