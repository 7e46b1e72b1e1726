import { tmpdir } from 'node:os';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JournalRoom } from '../../../gateway/fairness/journal-room.ts';
import { JournalShare } from '../../../gateway/fairness/journal-share.ts';
import { JournalWriter } from '../../../gateway/journal/writer.ts';
import { KnownDevice } from '../../../gateway/pipeline/known-device.ts';
import { Pipeline } from '../../../gateway/pipeline/pipeline.ts';
import { compileRules } from '../../../gateway/pipeline/signal-check.ts';
import type { Outcome } from '../../../gateway/sources/source.ts';
import { type Random, seededRandom } from '../../../model/random.ts';
import { FaultyDisk } from '../../helpers/faulty-disk.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

const backlog = { shareBytes: 100, contended: false };

describe('a share', () => {
  test('holds from the beginning of a backlog to its end', () => {
    const share = new JournalShare();
    share.spend('a', 1000);
    share.spend('b', 1);
    expect(share.exceededBy('a')).toBe(false);
    share.set(backlog);
    share.spend('b', 1);
    share.spend('a', 99);
    share.set(backlog);
    expect(share.exceededBy('a')).toBe(false);
    share.spend('a', 1);
    expect([share.exceededBy('a'), share.exceededBy('b')]).toEqual([true, false]);
    share.set(null);
    expect(share.exceededBy('a')).toBe(false);
    share.set(backlog);
    expect(share.exceededBy('a')).toBe(false);
  });

  test('does not bind the only one that writes, until another does, here or in another worker', () => {
    const share = new JournalShare();
    share.set(backlog);
    share.spend('a', 5000);
    expect(share.exceededBy('a')).toBe(false);
    expect(share.writers).toEqual(['a']);
    share.set({ ...backlog, contended: true });
    expect(share.exceededBy('a')).toBe(true);
    share.set(backlog);
    share.spend('b', 10);
    share.spend('c', 10);
    expect(share.exceededBy('a')).toBe(true);
    expect(share.exceededBy('b')).toBe(false);
    expect(share.writers).toEqual(['a', 'b']);
  });
});

describe('the room that is granted', () => {
  const settings = { bytesMax: 100_000, diskReserveBytes: 0, commitIntervalMs: 10 };

  function roomOf(share: number) {
    let unshipped = 0;
    const room = new JournalRoom(settings, tmpdir(), async () => unshipped);
    const grantAt = async (bytes: number) => {
      unshipped = bytes;
      await room.measure(0);
      return room.grant(4, share);
    };
    return { room, grantAt };
  }

  test('a backlog that one share can hold binds nobody, one above it does', async () => {
    const { grantAt, room } = roomOf(0.2);
    expect((await grantAt(6000)).backlog).toBeNull();
    room.noteWriters(['acme', 'other']);
    expect((await grantAt(20_000)).backlog).toBeNull();
    const shareBytes = 5000;
    expect((await grantAt(20_100)).backlog).toEqual({ shareBytes, contended: true });
    expect((await grantAt(20_000)).backlog).toBeNull();
  });

  test('tells of a backlog from 5 % of the journal down to 2.5 %, and of who writes meanwhile', async () => {
    const { grantAt, room } = roomOf(0.025);
    expect(await grantAt(4900)).toEqual({ bytes: 23_775, backlog: null });
    room.noteWriters(['acme', 'other']);
    const shareBytes = 625;
    expect((await grantAt(5100)).backlog).toEqual({ shareBytes, contended: false });
    room.noteWriters(['acme']);
    room.noteWriters(['acme']);
    expect((await grantAt(3000)).backlog).toEqual({ shareBytes, contended: false });
    room.noteWriters(['other']);
    expect((await grantAt(3000)).backlog).toEqual({ shareBytes, contended: true });
    expect((await grantAt(2500)).backlog).toBeNull();
    expect((await grantAt(90_000)).backlog).toEqual({ shareBytes, contended: false });
  });
});

/** A worker whose journal nobody ships, told every 100 ms how much room there is. */
class StoreAway {
  readonly clock = new VirtualClock();
  readonly disk: FaultyDisk;
  readonly random: Random;
  readonly room: JournalRoom;
  readonly outcomes = new Map<string, Outcome[]>();
  pipeline!: Pipeline;
  sent = 0;
  /** Bytes the store has taken. */
  shipped = 0;

  constructor(seed: number, bytesMax: number) {
    this.random = seededRandom(seed);
    this.disk = new FaultyDisk(this.random);
    this.room = new JournalRoom(
      { bytesMax, diskReserveBytes: 0, commitIntervalMs: 10 },
      tmpdir(),
      async () => this.disk.usedBytes() - this.shipped,
    );
  }

  async start(): Promise<void> {
    const files = this.disk.process();
    await files.makeFolder('/journal');
    const journal = await JournalWriter.create({
      folder: '/journal',
      generation: 'w0-1',
      segmentBytesMax: 65_536,
      files,
    });
    const rules = compileRules({
      id: 'press',
      name: { zh: '冲压机', en: 'Press' },
      production: true,
      signals: [
        { id: 'note', name: { zh: '备注', en: 'Note' }, unit: '1', ucum: '1', type: 'string' },
      ],
    });
    this.pipeline = new Pipeline({
      log: journal,
      clock: this.clock,
      rulesOf: () => rules,
      commitIntervalMs: 5,
      strict: false,
      readingAgeMsMax: 86_400_000,
      readingAheadMsMax: 300_000,
      onFatal: (error) => {
        throw error;
      },
    });
    await this.grant();
  }

  async grant(): Promise<void> {
    await this.room.measure(this.clock.nowMs());
    const { backlog: now, bytes } = this.room.grant(1, 0.25);
    this.pipeline.grantRoom(bytes, now);
  }

  send(enterprise: string): void {
    const device = `d${this.random.int(0, 9)}`;
    const note = 'x'.repeat(this.random.int(1, 200));
    // Some of it is refused: dead letters fill the journal too.
    const values = this.random.next() < 0.2 ? { bogus: note } : { note };
    this.sent++;
    const outcomes = this.outcomes.get(enterprise) ?? [];
    this.outcomes.set(enterprise, outcomes);
    this.pipeline.submit({
      enterprise,
      deviceId: device,
      device: new KnownDevice({
        enterprise,
        device,
        profile: 'press',
        district: 'wujin',
        industry: '34',
      }),
      channel: 'telemetry',
      topic: `onramp/v1/${enterprise}/${device}/telemetry`,
      content: Buffer.from(JSON.stringify({ values })),
      bestEffort: this.random.next() < 0.3,
      excess: false,
      ackWaitMs: 20_000,
      arrivedAtMs: this.clock.monotonicMs(),
      settle: (outcome) => outcomes.push(outcome),
    });
  }

  async run(durationMs: number, senders: readonly (readonly [string, number])[]): Promise<void> {
    for (let tick = 0; tick < durationMs / 10; tick++) {
      for (const [enterprise, perTick] of senders) {
        for (let i = 0; i < perTick; i++) this.send(enterprise);
      }
      await this.clock.advanceAsync(10);
      if (tick % 10 === 9) await this.grant();
    }
    await this.clock.advanceAsync(100);
  }

  addsUp(): void {
    const { accepted, dropped, received, refused, withheld } = this.pipeline.counters;
    expect(this.pipeline.waiting).toBe(0);
    expect(received).toBe(this.sent);
    expect(received).toBe(accepted + refused + withheld + dropped);
  }
}

const bytesMax = 2_000_000;

describe('while the store is away', () => {
  test('a noisy enterprise cannot use up the journal, and the others go on', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1_000_000 }), async (seed) => {
        const world = new StoreAway(seed, bytesMax);
        await world.start();
        await world.run(6000, [
          ['noisy', 20],
          ['quiet', 1],
          ['calm', 1],
        ]);
        for (const name of ['quiet', 'calm']) {
          expect(world.outcomes.get(name)).toEqual(Array(600).fill('durable'));
        }
        const noisy = world.outcomes.get('noisy') ?? [];
        expect(noisy).toContainEqual({ withheld: 'enterprise.journal-share-exceeded' });
        expect(noisy).toContain('dropped');
        // Its share twice, for nobody is bound below one, and the others' readings.
        expect(world.disk.usedBytes()).toBeLessThan(bytesMax * 0.75);
        expect(world.pipeline.blockedSinceMs).toBeNull();
        world.addsUp();
        world.shipped = world.disk.usedBytes();
        await world.grant();
        const before = noisy.length;
        await world.run(50, [['noisy', 1]]);
        expect(noisy.slice(before)).toEqual(Array(5).fill('durable'));
        world.addsUp();
      }),
      { numRuns: 4 },
    );
  });

  test('who is alone may fill the journal to its end', async () => {
    const world = new StoreAway(7, bytesMax);
    await world.start();
    await world.run(6000, [['noisy', 20]]);
    expect(world.disk.usedBytes()).toBeGreaterThan(bytesMax * 0.9);
    expect(world.outcomes.get('noisy')).not.toContainEqual({
      withheld: 'enterprise.journal-share-exceeded',
    });
    expect(world.pipeline.blockedSinceMs).not.toBeNull();
    world.shipped = world.disk.usedBytes();
    await world.run(1000, []);
    world.addsUp();
  });
});
