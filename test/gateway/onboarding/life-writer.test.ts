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
  const world = { failing: false, failsOnce: false, unknown: new Set<string>() };
  const fail = () => {
    const fails = world.failing || world.failsOnce;
    world.failsOnce = false;
    if (fails) throw new OnrampError('database.unavailable');
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

describe('what is written at once', () => {
  test('is what waits by then, in the parts and the order in which it waits', async () => {
    const { applied, clock, outcomes, writer } = setUp();
    for (let i = 0; i < 2500; i++) writer.add(`acme.d${i}`, 'connect', 1);
    await writer.flush();
    expect(applied.map((part) => part.length)).toEqual([1000, 1000, 500]);
    expect(outcomes).toHaveLength(2500);
    await clock.advanceAsync(1000);
    expect(applied).toHaveLength(3);
  });

  test('rejects when it cannot be, and is written later, before what came meanwhile', async () => {
    const { applied, clock, world, writer } = setUp();
    world.failing = true;
    writer.add('acme.a', 'connect', 1);
    const flushed = writer.flush();
    writer.add('acme.a', 'store', 2);
    await expect(flushed).rejects.toMatchObject({ code: 'database.unavailable' });
    world.failing = false;
    await clock.advanceAsync(1000);
    expect(applied.map(events)).toEqual([['a connect', 'a store']]);
  });

  test('waits for what is under way, also when that fails', async () => {
    const { applied, clock, world, writer } = setUp();
    writer.add('acme.a', 'connect', 1);
    await clock.advanceAsync(199);
    world.failsOnce = true;
    clock.advance(1);
    await writer.flush();
    expect(world.failsOnce).toBe(false);
    expect(applied.map(events)).toEqual([['a connect']]);
  });
});

test('what was taken and not written is put back before what is newer, once each', async () => {
  const { applied, clock, writer } = setUp();
  writer.add('acme.a', 'connect', 1);
  writer.add('acme.a', 'store', 2);
  const taken = writer.take('acme.a');
  writer.add('acme.a', 'store', 3);
  writer.add('acme.a', 'silence', 4);
  writer.restore('acme.a', taken);
  writer.restore('acme.b', []);
  await clock.advanceAsync(200);
  expect(applied.map(events)).toEqual([['a connect', 'a store', 'a silence']]);
});
