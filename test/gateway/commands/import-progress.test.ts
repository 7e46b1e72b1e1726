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
    let progress: ImportProgress = { phase: 'reading', rows: 1200 };
    const written = await shown(
      true,
      () => progress,
      async (bar, tick) => {
        await tick();
        const content = bar.counted(Readable.from([Buffer.alloc(30), Buffer.alloc(20)]));
        expect(await buffer(content)).toHaveLength(50);
        await tick();
        progress = { phase: 'merging', rows: 2400 };
        await tick();
      },
    );
    expect(written.split('\r\u001b[2K')).toEqual([
      '',
      `[${'-'.repeat(30)}] 0 % sent, 1,200 rows`,
      `[${'#'.repeat(15)}${'-'.repeat(15)}] 50 % sent, 1,200 rows`,
      'Everything read, 2,400 rows; merging …',
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
    expect(written).toBe('0 % sent\n0 % sent\n');
  });

  it('counts bytes where the whole is not known', () => {
    const sent = { bytes: 1_540_000, bytesTotal: null, progress: null };
    expect(progressText(sent, true)).toBe('1.5 MB sent');
  });
});
