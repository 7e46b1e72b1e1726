// Faults: the process dies between writing letters and advancing over them (they are put again), and
// a real disk runs full and is freed. What must hold: no letter is kept or counted twice, none is
// lost, and everything works again without a restart.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type DeadLetter,
  DeadLetters,
  type DeadLettersOptions,
} from '../../../gateway/shipping/dead-letters.ts';
import { limits } from '../../../model/limits.ts';
import { SmallDisk, smallDisksWork } from '../../helpers/small-disk.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { failureOf } from '../registry/open.ts';
import { letter } from './letter.ts';

function open(path: string, options?: Partial<DeadLettersOptions>): DeadLetters {
  const letters = new DeadLetters(path, options);
  onTestFinished(() => letters.close());
  return letters;
}

const openEmpty = (options?: Partial<DeadLettersOptions>) =>
  open(join(temporaryFolder(), 'dead-letters.db'), options);

async function everything(letters: DeadLetters) {
  return (await letters.list({ limit: limits.apiPageRowsMax })).items;
}

const range = (count: number, make: (index: number) => DeadLetter) =>
  Array.from({ length: count }, (_, index) => make(index));

describe('keeping letters', () => {
  it('returns them as they were put, newest first', async () => {
    const letters = openEmpty();
    const put = [
      letter({
        index: 0,
        code: 'signal.unknown',
        scope: 'field',
        readings: 0,
        payload: 'a\0b 设备',
      }),
      letter({
        index: 1,
        payload: Buffer.from([0xff]).toString('base64'),
        payloadEncoding: 'base64',
      }),
      letter({ index: 1, stage: 'store', code: 'store.refused-line', payload: 'm f=1 1\n' }),
    ];
    await letters.put(put);
    const kept = await everything(letters);
    expect(kept).toEqual(
      put
        .map((each, i) => ({
          ...each,
          id: i + 1,
          replay: 'waiting',
          replayedAtMs: null,
          replayDetail: null,
        }))
        .reverse(),
    );
    expect(await letters.counts()).toEqual([
      tallied('payload.not-json', 1),
      { ...tallied('signal.unknown', 1), readings: 0 },
      tallied('store.refused-line', 1),
    ]);
  });

  it('keeps and counts each letter once, however often and in whatever parts it is put', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            generation: fc.constantFrom('w0-1', 'w1-1'),
            segment: fc.integer({ min: 1, max: 2 }),
            offset: fc.constantFrom(0, 512),
            index: fc.integer({ min: 0, max: 3 }),
            stage: fc.constantFrom('check' as const, 'store' as const),
          }),
          { minLength: 1, maxLength: 40 },
        ),
        fc.array(fc.nat({ max: 39 }), { maxLength: 5 }),
        async (keys, crashes) => {
          const path = join(temporaryFolder(), 'dead-letters.db');
          const all = keys.map((key) => letter(key));
          for (const upTo of crashes) {
            const before = new DeadLetters(path);
            await before.put(all.slice(0, upTo));
            before.close();
          }
          const letters = new DeadLetters(path);
          await letters.put(all);
          const distinct = new Set(keys.map((key) => JSON.stringify(key))).size;
          const kept = await everything(letters);
          const [count] = await letters.counts();
          letters.close();
          expect(kept).toHaveLength(distinct);
          expect(count).toEqual(tallied('payload.not-json', distinct));
        },
      ),
      { numRuns: 25 },
    );
  });

  it('loses and doubles nothing when the process is killed while it writes', async () => {
    const path = join(temporaryFolder(), 'dead-letters.db');
    const all = range(6000, (index) => letter({ index, enterprise: `e${index % 7}` }));
    for (const delayMs of [0, 30, 90]) {
      const script = new URL('./dead-letter-process.ts', import.meta.url).pathname;
      const child = fork(script, [path, String(all.length)], { execArgv: [] });
      await once(child, 'message');
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    const letters = open(path);
    await letters.put(all);
    expect(await letters.counts()).toEqual([tallied('payload.not-json', all.length)]);
    const seen = new Set<number>();
    for (let before: number | undefined; ; ) {
      const page = await letters.list({ before, limit: 1000 });
      for (const { index } of page.items) seen.add(index);
      if (page.next === null) break;
      before = page.next;
    }
    expect(seen.size).toBe(all.length);
  });

  it('pages and filters', async () => {
    const letters = openEmpty();
    await letters.put(
      range(30, (index) =>
        letter({
          index,
          enterprise: index % 2 ? 'acme' : 'bolt',
          device: `d${index % 3}`,
          code: index % 5 ? 'payload.not-json' : 'signal.unknown',
        }),
      ),
    );
    const indexes = async (query: Omit<Parameters<typeof letters.list>[0], 'limit'>) => {
      const found: number[] = [];
      for (let before: number | undefined; ; ) {
        const page = await letters.list({ ...query, before, limit: 4 });
        found.push(...page.items.map((item) => item.index));
        if (page.next === null) return found;
        before = page.next;
      }
    };
    expect(await indexes({})).toEqual(range(30, letterOf).map((_, i) => 29 - i));
    expect(await indexes({ enterprise: 'acme', device: 'd0' })).toEqual([27, 21, 15, 9, 3]);
    expect(await indexes({ code: 'signal.unknown', enterprise: 'bolt' })).toEqual([20, 10, 0]);
    expect(await indexes({ stage: 'store' })).toEqual([]);
    expect((await failureOf(letters.list({ limit: 0 }))).code).toBe('api.bad-request');
    expect(await letters.countsByEnterprise(1)).toMatchObject([{ enterprise: 'acme', count: 15 }]);
  });

  it('keeps no payload longer than its limit', async () => {
    const letters = openEmpty();
    await letters.put([letter({ payload: 'x'.repeat(limits.deadLetterPayloadBytesMax * 2) })]);
    expect(await everything(letters)).toMatchObject([{ payload: null, code: 'payload.not-json' }]);
    expect(await letters.takeForReplay({}, 10)).toEqual([]);
  });
});

describe('quota and retention', () => {
  it('lets the oldest payloads of an enterprise go, then its oldest letters', async () => {
    const letters = openEmpty({ payloadsPerEnterpriseMax: 10, identitiesPerEnterpriseMax: 25 });
    await letters.put([letter({ index: 0, enterprise: 'bolt' })]);
    for (let i = 1; i <= 40; i += 4) {
      await letters.put(range(4, (k) => letter({ index: i + k, enterprise: 'acme' })));
    }
    const { items } = await letters.list({ enterprise: 'acme', limit: 100 });
    expect(items.map((item) => item.index)).toEqual(Array.from({ length: 25 }, (_, i) => 40 - i));
    expect(items.map((item) => item.payload !== null)).toEqual(items.map((_, i) => i < 10));
    expect(items.at(-1)).toMatchObject({ device: 'd1', code: 'payload.not-json', detail: 'at 0' });
    expect(await letters.countsByEnterprise(5)).toEqual([
      { enterprise: 'acme', ...totals(40), count: 25, payloadsDropped: 30 },
      { enterprise: 'bolt', ...totals(1) },
    ]);
    // Letters put again after their payload has gone are still the same letters.
    await letters.put([letter({ index: 20, enterprise: 'acme' })]);
    expect(await letters.countsByEnterprise(1)).toMatchObject([{ letters: 40, count: 25 }]);
  });

  it('removes old letters, a few at a time', async () => {
    const letters = openEmpty();
    await letters.put(range(1800, (index) => letter({ index, atMs: 10_000 + index })));
    expect(await letters.prune(11_234)).toBe(1234);
    expect(await letters.prune(11_234)).toBe(0);
    expect((await letters.counts())[0]).toEqual({
      ...tallied('payload.not-json', 1800),
      count: 566,
    });
  });
});

describe('replay', () => {
  it('takes each letter once, until its outcome is marked', async () => {
    const letters = openEmpty();
    await letters.put(
      range(5, (index) => letter({ index, enterprise: index < 4 ? 'acme' : 'bolt' })),
    );
    const first = await letters.takeForReplay({ enterprise: 'acme' }, 3);
    expect(first.map((each) => each.index)).toEqual([0, 1, 2]);
    const second = await letters.takeForReplay({ enterprise: 'acme' }, 3);
    expect(second.map((each) => each.index)).toEqual([3]);
    expect(await letters.takeForReplay({ enterprise: 'acme' }, 3)).toEqual([]);

    const [stored, refused, waiting] = first.map((each) => each.id);
    await letters.markReplayed([{ id: stored!, state: 'stored' }], 5000);
    await letters.markReplayed(
      [
        { id: refused!, state: 'refused', detail: 'still no profile' },
        { id: waiting!, state: 'waiting' },
      ],
      6000,
    );
    const kept = await letters.list({ enterprise: 'acme', limit: 10 });
    expect(kept.items.toReversed()).toMatchObject([
      { replay: 'stored', replayedAtMs: 5000, payload: null },
      {
        replay: 'refused',
        replayedAtMs: 6000,
        replayDetail: 'still no profile',
        payload: '{"a":1}',
      },
      { replay: 'waiting', replayedAtMs: null },
      { replay: 'waiting' },
    ]);
    const again = await letters.takeForReplay({ enterprise: 'acme' }, 10);
    expect(again.map((each) => each.index)).toEqual([1, 2]);
    expect(await letters.takeForReplay({ after: first[2]!.id }, 10)).toMatchObject([{ index: 4 }]);
    expect((await letters.counts())[0]).toEqual({ ...tallied('payload.not-json', 5), replayed: 1 });
  });

  it('forgets who took a letter when the process ends', async () => {
    const path = join(temporaryFolder(), 'dead-letters.db');
    const before = new DeadLetters(path);
    await before.put([letter({})]);
    const [taken] = await before.takeForReplay({}, 1);
    before.close();
    const letters = open(path);
    await letters.markReplayed([{ id: taken!.id, state: 'stored' }], 1);
    expect(await letters.takeForReplay({}, 1)).toHaveLength(1);
  });

  it('does not count a payload that was replayed as dropped, nor against the quota', async () => {
    const letters = openEmpty({ payloadsPerEnterpriseMax: 3 });
    await letters.put(range(3, (index) => letter({ index })));
    const taken = await letters.takeForReplay({}, 2);
    await letters.markReplayed(
      taken.map(({ id }) => ({ id, state: 'stored' })),
      1,
    );
    await letters.put(range(2, (index) => letter({ index: 10 + index })));
    expect(await letters.counts()).toMatchObject([{ payloadsDropped: 0, replayed: 2 }]);
    expect(await letters.takeForReplay({}, 10)).toHaveLength(3);
  });
});

describe.skipIf(!smallDisksWork())('on a full disk', () => {
  const disk = () => {
    const small = new SmallDisk(8 * 1024 * 1024);
    onTestFinished(() => small.remove());
    return small;
  };
  const big = (index: number) => letter({ index, payload: 'x'.repeat(1000) });

  it('rejects with an error worth a retry, and takes the same letters when space is freed', async () => {
    const small = disk();
    const letters = open(join(small.folder, 'dead-letters.db'));
    await letters.put(range(500, big));
    small.fill();
    const more = range(2000, (index) => big(1000 + index));
    for (let i = 0; i < 3; i++) {
      expect((await failureOf(letters.put(more))).code).toBe('database.unavailable');
    }
    const [before] = await letters.counts();
    expect(before!.count).toBeGreaterThanOrEqual(500);
    expect(before!.count).toBeLessThan(2500);
    small.free();
    await letters.put(more);
    expect(await letters.counts()).toEqual([tallied('payload.not-json', 2500)]);
  });

  it('can be opened, read and pruned while the disk is full, which makes room for new letters', async () => {
    const small = disk();
    const path = join(small.folder, 'dead-letters.db');
    const writing = new DeadLetters(path);
    await writing.put(range(1500, big));
    await writing.prune(0);
    writing.close();
    small.fill();
    const letters = open(path);
    expect((await everything(letters)).length).toBe(1000);
    expect((await failureOf(letters.put(range(1500, (i) => big(5000 + i))))).code).toBe(
      'database.unavailable',
    );
    expect(await letters.prune(Number.MAX_SAFE_INTEGER)).toBeGreaterThanOrEqual(1500);
    await letters.put(range(20, (index) => big(9000 + index)));
    expect((await letters.counts())[0]!.count).toBe(20);
  });
});

const letterOf = (index: number) => letter({ index });

function totals(letters: number) {
  return { count: letters, letters, readings: letters, payloadsDropped: 0, replayed: 0 };
}

function tallied(code: DeadLetter['code'], letters: number) {
  return { code, ...totals(letters) };
}
