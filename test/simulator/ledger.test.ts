import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../simulator/ledger.ts';
import { LedgerFile, ledgerIntervalMs, writeLedger } from '../../simulator/ledger-file.ts';
import { eventually } from '../helpers/eventually.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

const device = { enterprise: 'e1', device: 'd1', profile: 'p1' };

/** The numbers in inclusive ranges. */
function expand(ranges: readonly (readonly [number, number])[]): number[] {
  return ranges.flatMap(([low, high]) => Array.from({ length: high - low + 1 }, (_, i) => low + i));
}

describe('Ledger', () => {
  it('knows exactly what was acknowledged, in any order within the outbox', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(), { minLength: 1, maxLength: 300 }), (choices) => {
        const ledger = new Ledger([device]);
        const waiting: number[] = [];
        const acked = new Set<number>();
        let seq = 0;
        for (const choice of choices) {
          if (waiting.length < 32 && (choice & 1) === 0) {
            waiting.push(++seq);
            ledger.send(0, seq);
          } else if (waiting.length > 0) {
            // The oldest is at most 31 behind the newest, as in an outbox that keeps its order.
            const reach = waiting.filter((each) => each <= waiting[0]! + 31);
            const [one] = waiting.splice(waiting.indexOf(reach[choice % reach.length]!), 1);
            expect(ledger.acknowledge(0, one!)).toBe(true);
            expect(ledger.acknowledge(0, one!)).toBe(false);
            acked.add(one!);
          }
        }
        const entry = ledger.entry(0);
        expect(entry.sent).toBe(seq);
        expect(expand(entry.acked)).toEqual([...acked].sort((a, b) => a - b));
        entry.acked.forEach(([low, high], i) => {
          expect(low).toBeLessThanOrEqual(high);
          if (i > 0) expect(low).toBeGreaterThan(entry.acked[i - 1]![1] + 1);
        });
      }),
      { numRuns: 200 },
    );
  });

  it('refuses what cannot be: an acknowledgement further ahead than an outbox reaches', () => {
    const ledger = new Ledger([device]);
    expect(ledger.acknowledge(0, 32)).toBe(true);
    expect(() => ledger.acknowledge(0, 33)).toThrow(RangeError);
  });

  it('does not take a repeated seq for progress', () => {
    const ledger = new Ledger([device]);
    ledger.send(0, 1);
    ledger.send(0, 2);
    ledger.send(0, 1);
    expect(ledger.entry(0)).toEqual({ ...device, sent: 2, acked: [], stamps: [] });
  });
});

describe('the ledger on disk', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'onramp-ledger-'));
  });
  afterEach(() => rm(folder, { recursive: true }));

  const readLedger = async (path: string) =>
    (await readFile(path, 'utf8'))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));

  it('has one line per device and leaves nothing beside it', async () => {
    const devices = Array.from({ length: 1234 }, (_, i) => ({ ...device, device: `d${i}` }));
    const ledger = new Ledger(devices);
    ledger.send(3, 1);
    ledger.send(3, 2);
    ledger.acknowledge(3, 2);
    const path = join(folder, 'ledger.ndjson');
    await writeLedger(ledger, path);
    const lines = await readLedger(path);
    expect(lines).toHaveLength(1234);
    expect(lines[3]).toEqual({ ...device, device: 'd3', sent: 2, acked: [[2, 2]], stamps: [] });
    expect(await readdir(folder)).toEqual(['ledger.ndjson']);
  });

  it('is replaced while the simulation runs, and once more at its end', async () => {
    const clock = new VirtualClock();
    const ledger = new Ledger([device]);
    const path = join(folder, 'ledger.ndjson');
    const file = new LedgerFile(ledger, path);
    await file.start(clock);
    expect(await readLedger(path)).toEqual([{ ...device, sent: 0, acked: [], stamps: [] }]);
    ledger.send(0, 1);
    clock.advance(ledgerIntervalMs);
    await eventually(() => readLedger(path)).toEqual([
      { ...device, sent: 1, acked: [], stamps: [] },
    ]);
    ledger.acknowledge(0, 1);
    await file.stop();
    expect(await readLedger(path)).toEqual([{ ...device, sent: 1, acked: [[1, 1]], stamps: [] }]);
    expect(clock.pending).toBe(0);
  });

  it('says at once when it cannot be written', async () => {
    const file = new LedgerFile(new Ledger([device]), join(folder, 'missing', 'ledger.ndjson'));
    await expect(file.start(new VirtualClock())).rejects.toThrow('ENOENT');
  });
});
