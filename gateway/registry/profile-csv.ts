/** A profile as a table: one row for each signal. */

import { OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { DeviceProfile, Name } from '../../model/profile.ts';
import { profileFromDocument } from '../../model/profile-document.ts';
import { quoted } from './device-check.ts';
import { type CsvRow, readCsv } from './imports/csv-text.ts';
import type { ByteSource } from './imports/import-encoding.ts';

/** The columns; name and type must be there. */
export const profileColumns = [
  'name',
  'type',
  'unit',
  'ucum',
  'min',
  'max',
  'zh',
  'en',
  'values',
  'key',
] as const;

type Column = (typeof profileColumns)[number];

const isColumn = (name: string): name is Column =>
  (profileColumns as readonly string[]).includes(name);

/** What the table itself does not say. */
export interface ProfileHead {
  readonly id: string;
  readonly name?: string | Name | undefined;
  readonly production?: boolean | undefined;
}

/**
 * Reads a profile from CSV with the columns name, type, unit, ucum, min, max, zh, en, values and
 * key in any order; values of an enum are separated by `|`, `;` or `,`. An empty cell counts as
 * left out. Throws `profile.invalid` with every mistake, its row and its column.
 */
export async function readProfileCsv(
  source: ByteSource,
  head: ProfileHead,
  enterprise: string,
): Promise<DeviceProfile> {
  const { heading, delimiter, rows } = await readCsv(source, 'profile.invalid');
  const unknown = heading.filter((name) => !isColumn(name));
  const twice = heading.filter((name, i) => heading.indexOf(name) !== i);
  if (unknown.length + twice.length > 0) {
    throw new OnrampError('profile.invalid', [
      ...unknown.map((name) => `row 1: no such column ${quoted(name)}`),
      ...twice.map((name) => `row 1: column ${quoted(name)} is there twice`),
      `columns are ${profileColumns.join(', ')}`,
    ]);
  }
  const numbers: number[] = [];
  const signals: Record<string, unknown>[] = [];
  for await (const row of rows) {
    numbers.push(row.row);
    signals.push(signalOfRow(row, heading, delimiter === ';'));
    // One too many is enough for the check to say so.
    if (signals.length > limits.profileSignalsMax) break;
  }
  const { id, name, production } = head;
  return profileFromDocument({ id, name, production, signals }, enterprise, (signal, column) =>
    [signal === null ? null : `row ${numbers[signal]}`, column]
      .filter((part) => part !== null)
      .join(', '),
  );
}

function signalOfRow(
  { cells }: CsvRow,
  heading: readonly string[],
  decimalComma: boolean,
): Record<string, unknown> {
  const signal: Record<string, unknown> = {};
  for (const [i, cell] of cells.entries()) {
    const text = cell.trim();
    if (text === '') continue;
    const column = heading[i] ?? `column ${i + 1}`;
    signal[column] = isColumn(column) ? cellValue(column, text, decimalComma) : text;
  }
  return signal;
}

/** The value a cell stands for, or its text, which the check then refuses. */
function cellValue(column: Column, text: string, decimalComma: boolean): unknown {
  if (column === 'min' || column === 'max') {
    const number = Number(decimalComma ? text.replace(',', '.') : text);
    return Number.isFinite(number) ? number : text;
  }
  if (column === 'values') {
    return text
      .split(/[|;,]/)
      .map((value) => value.trim())
      .filter((value) => value !== '');
  }
  if (column !== 'key') return text;
  if (/^(1|true|yes|y|x|是)$/i.test(text)) return true;
  return /^(0|false|no|n|-|否)$/i.test(text) ? false : text;
}
