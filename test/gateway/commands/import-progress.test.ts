import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { progressText, ShownProgress } from '../../../gateway/commands/import-progress.ts';
import type { Operator } from '../../../gateway/commands/operator.ts';
import type { ImportProgress } from '../../../gateway/registry/registry.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

/** An operator that answers how far an import is; null when it cannot. */
function answering(progress: () => ImportProgress | null): Operator {
  return {
    notice: null,
    async send() {
      const found = progress();
      if (found === null) throw new Error('away');
      return Readable.from([JSON.stringify({ progress: found })]);
    },
    async close() {},
  };
}

/** What `body` makes the progress of a file of 100 bytes write. */
async function shown(
  isTTY: boolean,
  progress: () => ImportProgress | null,
  body: (shown: ShownProgress, tick: () => Promise<void>) => Promise<void>,
): Promise<string> {
  const clock = new VirtualClock();
  let written = '';
  const output = {
    isTTY,
    write(text: string) {
      written += text;
    },
  };
  const operator = answering(progress);
  const bar = new ShownProgress({ output, clock, operator, bytesTotal: 100 });
  await body(bar, () => clock.advanceAsync(isTTY ? 200 : 5000));
  bar.end();
  return written;
}

describe('the progress of an import', () => {
  it('is a bar that is drawn anew on a terminal', async () => {
    let progress: ImportProgress = { phase: 'reading', rows: 0 };
    const written = await shown(
      true,
      () => progress,
      async (bar, tick) => {
        await tick();
        const pieces = [Buffer.alloc(30, 'x\n'), Buffer.alloc(50, 'x\n')];
        expect(await buffer(bar.counted(Readable.from(pieces)))).toHaveLength(80);
        progress = { phase: 'reading', rows: 20 };
        await tick();
        progress = { phase: 'merging', rows: 50 };
        await tick();
      },
    );
    expect(written.split('\r\u001b[2K')).toEqual([
      '',
      `[${'-'.repeat(30)}] 0 %, 0 rows read, 0 % sent`,
      // Of 80 % that were sent, a half was read.
      `[${'#'.repeat(12)}${'-'.repeat(18)}] 40 %, 20 rows read, 80 % sent`,
      'Everything sent, 50 rows read; merging …',
      '',
    ]);
  });

  it('is a line now and then elsewhere, without what nobody knows', async () => {
    const written = await shown(
      false,
      () => null,
      async (_, tick) => {
        await tick();
        await tick();
      },
    );
    expect(written).toBe('0 %, 0 % sent\n0 %, 0 % sent\n');
  });

  it('counts bytes where the whole is not known', () => {
    const sent = { bytes: 1_540_000, bytesTotal: null, lines: 9, progress: null };
    expect(progressText(sent, true)).toBe('1.5 MB sent');
  });

  it('follows the bytes where rows have no lines of their own', () => {
    const progress = { phase: 'reading', rows: 1500 } as const;
    const sent = { bytes: 75, bytesTotal: 100, lines: 1, progress };
    expect(progressText(sent, false)).toBe('75 %, 1,500 rows read, 75 % sent');
    const waiting = { ...sent, bytes: 100, progress: null };
    expect(progressText(waiting, false)).toMatch(/^Everything sent; waiting/);
  });
});
