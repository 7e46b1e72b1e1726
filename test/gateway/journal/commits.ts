/** Commits for the journal's tests: known by a number, different in every part. */

import { deepStrictEqual } from 'node:assert';
import type { Commit, CommittedRecord, Refusal } from '../../../gateway/journal/commit.ts';
import { seededRandom } from '../../../model/random.ts';

const startMs = 1_543_543_200_000;

/** The commit of this number: always the same, its lines begin with the number. */
export function commitOf(id: number, linesMax = 6): Commit {
  const random = seededRandom(id);
  const committedAtMs = startMs + id * 5;
  const readings = random.int(0, linesMax);
  const timestampsMs = Array.from({ length: readings }, () => {
    // Some devices catch up from weeks ago, which needs the wide table.
    return committedAtMs - (random.int(0, 9) === 0 ? 2_500_000_000 : random.int(-200, 5000));
  });
  const generic = random.int(0, 3) === 0;
  const lineCounts = timestampsMs.map(() => (generic ? random.int(1, 3) : 1));
  const refusals = Array.from({ length: random.int(0, 5) === 0 ? 1 : 0 }, () => refusalOf(id));
  const body = timestampsMs.map(
    (ms, i) => `press,site=常州 seq=${i},load=${random.next()} ${ms}\n`,
  );
  const counters = {
    received: id,
    accepted: id - 1,
    refused: refusals.length,
    withheld: 0,
    dropped: 3,
    refusedFields: id * 2,
  };
  return {
    committedAtMs,
    timestampsMs,
    lineCounts,
    lines: `${id} \n${body.join('')}`,
    refusals,
    touched: timestampsMs.slice(0, 1).map(() => ({ reading: readings - 1, key: `e${id}.d1` })),
    counters,
  };
}

/** The number of a commit read back. Throws unless it is that commit, to the byte. */
export function idOf(record: CommittedRecord, linesMax = 6): number {
  const id = Number.parseInt(record.lines.toString('utf8'), 10);
  const { begin: _begin, end: _end, lines, ...rest } = record;
  const commit = commitOf(id, linesMax);
  deepStrictEqual({ ...rest, lines: lines.toString('utf8') }, commit);
  deepStrictEqual(lines, Buffer.from(commit.lines));
  return id;
}

function refusalOf(id: number): Refusal {
  return {
    atMs: startMs + id,
    enterprise: `e${id}`,
    device: 'd1',
    profile: 'press',
    code: 'signal.out-of-range',
    detail: '压力 = 99 \u0000',
    scope: 'reading',
    topic: `onramp/v1/e${id}/d1/telemetry`,
    payload: '{"values":{"压力":99}}',
    payloadEncoding: 'utf8',
  };
}
