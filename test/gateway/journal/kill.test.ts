/**
 * `kill -9` of a writer on the real disk, at random moments, while a reader follows it: whatever
 * was acknowledged is read, in order and to the byte, and at most one commit more.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { nodeFiles } from '../../../gateway/journal/files.ts';
import { Generation } from '../../../gateway/journal/generation.ts';
import { journalBegin, listGenerations } from '../../../gateway/journal/layout.ts';
import { JournalReader } from '../../../gateway/journal/reader.ts';
import { idOf } from './commits.ts';

const program = fileURLToPath(new URL('processes/append-for-ever.ts', import.meta.url));

let data: string;
let child: ChildProcess | null = null;

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'onramp-journal-'));
});

afterEach(async () => {
  child?.kill('SIGKILL');
  await rm(data, { recursive: true });
});

function readerOf(generation: string, dead: () => boolean): JournalReader {
  const folder = join(data, 'journal');
  return new JournalReader({ folder, generation, from: journalBegin, files: nodeFiles, dead });
}

async function readNow(reader: JournalReader, ids: number[]): Promise<void> {
  for (let next = await reader.next(); next !== null; next = await reader.next()) {
    ids.push(idOf(next));
  }
}

/** Lets a writer run for a while, kills it, and reads what it left. */
async function round(number: number): Promise<{ acked: number; segments: number }> {
  const generation = `r${number}`;
  const first = number * 100_000;
  const writer = spawn(process.execPath, [program, data, generation, String(first)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  child = writer;
  let printed = '';
  writer.stdout.on('data', (chunk) => {
    printed += chunk;
  });
  let dead = false;
  const closed = once(writer, 'close').then(() => {
    dead = true;
  });
  await once(writer.stdout, 'data');
  const killing = sleep(Math.random() * 150).then(() => writer.kill('SIGKILL'));

  const follower = readerOf(generation, () => dead);
  const followed: number[] = [];
  while (!follower.ended()) {
    await readNow(follower, followed);
    await sleep(3);
  }
  await Promise.all([killing, closed]);

  const acked = printed.split('\n').slice(0, -1).map(Number);
  const later: number[] = [];
  const reader = readerOf(generation, () => true);
  await readNow(reader, later);
  expect(followed).toEqual(later);
  expect(later.slice(0, acked.length)).toEqual(acked);
  expect(acked[0]).toBe(first);
  expect(later).toEqual(later.map((_, i) => first + i));
  expect(later.length - acked.length).toBeLessThanOrEqual(1);
  const { segment } = reader.position;
  const files = new Generation({ folder: join(data, 'journal'), generation, files: nodeFiles });
  expect(await files.unshippedBytes(reader.position)).toBe(0);
  await files.remove();
  return { acked: acked.length, segments: segment };
}

it('loses nothing that was acknowledged', async () => {
  let acked = 0;
  let segments = 0;
  for (let number = 1; number <= 10; number++) {
    const seen = await round(number);
    acked += seen.acked;
    segments += seen.segments;
  }
  expect(acked).toBeGreaterThan(50);
  expect(segments).toBeGreaterThan(10);
  expect(await listGenerations(nodeFiles, join(data, 'journal'))).toEqual([]);
});
