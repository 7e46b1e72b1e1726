/** The ledger of one profile, gathered from slices of the window that fit the server's memory. */

import { SeqRanges } from './seq-ranges.ts';
import type { DeviceLedger } from './store.ts';

/** Where the slices' rows go. */
export type AddSeqs = (
  tags: Readonly<Record<string, string>> | undefined,
  seqs: Iterable<number>,
) => void;

export interface SliceReader {
  /** No slice has more, unless they are all of one millisecond. */
  readonly rowsMax: number;
  /** Rows with a `seq`, `fromMs` ≤ time < `toMs`. */
  count(fromMs: number, toMs: number): Promise<number>;
  read(fromMs: number, toMs: number, add: AddSeqs): Promise<void>;
}

/** Halves the window until its parts are small enough, and counts the distinct `seq` here. */
export async function readSlicedLedger(
  reader: SliceReader,
  fromMs: number,
  toMs: number,
): Promise<DeviceLedger[]> {
  const devices = new Map<string, { enterprise: string; device: string; seqs: SeqRanges }>();
  const add: AddSeqs = (tags, seqs) => {
    const { enterprise = '', device = '' } = tags ?? {};
    const key = `${enterprise}.${device}`;
    const entry = devices.get(key) ?? { enterprise, device, seqs: new SeqRanges() };
    for (const seq of seqs) entry.seqs.add(seq);
    devices.set(key, entry);
  };
  const readPart = async (partFromMs: number, partToMs: number, rows: number): Promise<void> => {
    if (rows === 0) return;
    if (rows <= reader.rowsMax || partToMs - partFromMs <= 1) {
      return reader.read(partFromMs, partToMs, add);
    }
    const middleMs = Math.floor((partFromMs + partToMs) / 2);
    const older = await reader.count(partFromMs, middleMs);
    await readPart(partFromMs, middleMs, older);
    await readPart(middleMs, partToMs, rows - older);
  };
  await readPart(fromMs, toMs, await reader.count(fromMs, toMs));
  return [...devices.values()].map(({ enterprise, device, seqs }) => ({
    enterprise,
    device,
    rows: seqs.rows,
    distinctSeq: seqs.distinct,
    seqMin: seqs.min,
    seqMax: seqs.max,
  }));
}
