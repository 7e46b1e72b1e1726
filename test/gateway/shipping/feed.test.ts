import { describe, expect, test } from 'vitest';
import { type Commit, zeroCounters } from '../../../gateway/journal/commit.ts';
import { JournalWriter } from '../../../gateway/journal/writer.ts';
import { Feed, type PendingRecord } from '../../../gateway/shipping/feed.ts';
import { Feeds } from '../../../gateway/shipping/feeds.ts';
import { seededRandom } from '../../../model/random.ts';
import { FaultyDisk } from '../../helpers/faulty-disk.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

function commit(accepted: number): Commit {
  return {
    committedAtMs: 1000,
    timestampsMs: [1000],
    lineCounts: [1],
    lines: `press,device=a power=${accepted} 1000\n`,
    refusals: [],
    touched: [],
    counters: { ...zeroCounters, received: accepted, accepted },
  };
}

async function journalOf(commits: readonly Commit[]) {
  const disk = new FaultyDisk(seededRandom(1));
  const files = disk.process();
  await files.makeFolder('/journal');
  const options = { folder: '/journal', generation: 'w0', segmentBytesMax: 200, files };
  const writer = await JournalWriter.create(options);
  for (const each of commits) await writer.append(each);
  await writer.close();
  return files;
}

async function readAll(feed: Feed): Promise<PendingRecord[]> {
  const records: PendingRecord[] = [];
  for (let next = await feed.next(); next !== null; next = await feed.next()) records.push(next);
  return records;
}

const open = (files: Awaited<ReturnType<typeof journalOf>>) =>
  Feed.open({
    folder: '/journal',
    generation: 'w0',
    files,
    dead: () => true,
    onDiscarded: () => {},
  });

describe('a feed', () => {
  test('advances only over what is done, in order', async () => {
    const files = await journalOf([commit(1), commit(2), commit(3)]);
    const feed = await open(files);
    const [first, second, third] = await readAll(feed);
    second!.done = true;
    feed.settle();
    expect(feed.shipped.stored).toBe(0);
    first!.done = true;
    feed.settle();
    expect(feed.shipped.stored).toBe(2);
    expect(feed.finished).toBe(false);
    await feed.save();
    const reopened = await open(files);
    expect(reopened.shipped.stored).toBe(2);
    expect(await readAll(reopened)).toHaveLength(1);
    third!.done = true;
    feed.settle();
    expect(feed.finished).toBe(true);
  });

  test('counts a commit that stands twice after a failed write once', async () => {
    const feed = await open(await journalOf([commit(1), commit(2), commit(2), commit(3)]));
    for (const record of await readAll(feed)) record.done = true;
    feed.settle();
    expect(feed.shipped).toMatchObject({ stored: 3, counters: { accepted: 3 } });
  });
});

test('a finished generation is counted in the totals once, also when its folder outlives a crash', async () => {
  const files = await journalOf([commit(1), commit(2)]);
  const options = {
    folder: '/journal',
    totalsPath: `${temporaryFolder()}/shipped.json`,
    files,
    liveGenerations: () => new Set<string>(),
    onDiscarded: () => {},
  };
  const { removeFolder } = files;
  files.removeFolder = () => Promise.reject(new Error('killed here'));
  const before = new Feeds(options);
  await before.refresh();
  for await (const pending of before.records()) {
    pending.done = true;
    pending.feed.settle();
  }
  await expect(before.refresh()).rejects.toThrow('killed here');
  files.removeFolder = removeFolder;
  const after = new Feeds(options);
  await after.refresh();
  expect(after.shipped()).toMatchObject({ stored: 2, counters: { received: 2 } });
  expect(await files.list('/journal', 'folder')).toEqual([]);
});

test('what comes while a living generation is read is left for the next pass', async () => {
  const files = new FaultyDisk(seededRandom(1)).process();
  await files.makeFolder('/journal');
  const place = { folder: '/journal', generation: 'w0', segmentBytesMax: 1024 * 1024, files };
  const writer = await JournalWriter.create(place);
  await writer.append(commit(1));
  await writer.append(commit(2));
  const feeds = new Feeds({
    folder: '/journal',
    totalsPath: `${temporaryFolder()}/shipped.json`,
    files,
    liveGenerations: () => new Set(['w0']),
    onDiscarded: () => {},
  });
  await feeds.refresh();
  const pass: number[] = [];
  for await (const { record } of feeds.records()) {
    if (pass.length === 0) await writer.append(commit(3));
    pass.push(record.counters.accepted);
  }
  expect(pass).toEqual([1, 2]);
  for await (const { record } of feeds.records()) pass.push(record.counters.accepted);
  expect(pass).toEqual([1, 2, 3]);
});
