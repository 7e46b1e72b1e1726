/** Devices in files: CSV or JSON, the same columns in and out. Secrets come in and never go out. */

import { stringify } from 'csv-stringify/sync';
import { OnrampError } from '../../../model/errors.ts';
import { quoted } from '../device-check.ts';
import type { DirectoryEntry, ImportRow, NewDevice, RowError } from '../registry.ts';
import { type CsvRow, readCsv } from './csv-text.ts';
import { type ByteSource, DecodedText } from './import-encoding.ts';
import { readJsonArray } from './json-array.ts';

/**
 * The columns of a file; enterprise and device must be there, and profile unless it is a gateway.
 */
export const importColumns = [
  'enterprise',
  'device',
  'kind',
  'profile',
  'district',
  'industry',
  'gateway',
  'serial',
  'secret',
] as const satisfies readonly (keyof NewDevice)[];

type Column = (typeof importColumns)[number];

const needed: readonly Column[] = ['enterprise', 'device'];

/** What an export holds: everything but the secret, and where the device is in its life. */
const exportColumns = [
  ...importColumns.filter((column) => column !== 'secret'),
  'state',
  'activated_at',
];

/** Columns that a file may have and that say nothing to an import. */
const ignoredColumns: readonly string[] = ['state', 'activated_at', 'note'];

/** Headings of Chinese spreadsheets. */
const chineseNames: ReadonlyMap<string, string> = new Map([
  ['企业', 'enterprise'],
  ['设备', 'device'],
  ['类型', 'kind'],
  ['设备模型', 'profile'],
  ['区域', 'district'],
  ['行业', 'industry'],
  ['网关', 'gateway'],
  ['序列号', 'serial'],
  ['密钥', 'secret'],
  ['状态', 'state'],
  ['激活时间', 'activated_at'],
  ['备注', 'note'],
]);

const isColumn = (name: string): name is Column =>
  (importColumns as readonly string[]).includes(name);

/**
 * Rows of a CSV file with a heading in English or Chinese. Cells are trimmed, but for the secret;
 * an empty cell counts as left out; the columns `state`, `activated_at` and `note` are read over. A
 * bad row is yielded as its error; `registry.import-invalid` is thrown when the heading or the file
 * as a whole is wrong (every mistake of the heading at once).
 */
export async function* readDevicesCsv(
  source: ByteSource | DecodedText,
): AsyncGenerator<ImportRow | RowError> {
  const { heading, rows } = await readCsv(source, 'registry.import-invalid');
  const columns = checkedHeading(heading);
  for await (const row of rows) yield rowOfCells(row, columns);
}

/** The columns of a heading; null for one that says nothing. */
function checkedHeading(heading: readonly string[]): readonly (Column | null)[] {
  const names = heading.map((name) => chineseNames.get(name) ?? name);
  const mistakes: string[] = [];
  const unknown = names.filter((name) => !isColumn(name) && !ignoredColumns.includes(name));
  const twice = names.filter((name, i) => isColumn(name) && names.indexOf(name) !== i);
  const missing = needed.filter((name) => !names.includes(name));
  if (unknown.length > 0) mistakes.push(`unknown column ${unknown.map(quoted).join(', ')}`);
  if (twice.length > 0) mistakes.push(`column twice: ${twice.map(quoted).join(', ')}`);
  if (missing.length > 0) mistakes.push(`column missing: ${missing.join(', ')}`);
  if (mistakes.length === 0) return names.map((name) => (isColumn(name) ? name : null));
  throw new OnrampError('registry.import-invalid', [
    ...mistakes,
    `columns are ${importColumns.join(', ')}`,
  ]);
}

function rowOfCells(
  { row, cells }: CsvRow,
  columns: readonly (Column | null)[],
): ImportRow | RowError {
  if (cells.slice(columns.length).some((cell) => cell.trim() !== '')) {
    return invalid(row, `${cells.length} cells under ${columns.length} columns`);
  }
  const values: Partial<Record<Column, string>> = {};
  for (const [i, column] of columns.entries()) {
    if (column !== null) values[column] = cells[i] ?? '';
  }
  return importRow(row, values);
}

/**
 * Rows of a JSON file: an array of objects with the columns as keys and strings as values. As with
 * CSV, a bad element is yielded as its error; rows are numbered from 1.
 */
export async function* readDevicesJson(
  source: ByteSource | DecodedText,
): AsyncGenerator<ImportRow | RowError> {
  const code = 'registry.import-invalid';
  const text = source instanceof DecodedText ? source : new DecodedText(source, code);
  let row = 0;
  for await (const element of readJsonArray(text, code)) {
    row += 1;
    yield rowOfElement(row, element);
  }
}

function rowOfElement(row: number, element: unknown): ImportRow | RowError {
  if (typeof element !== 'object' || element === null || Array.isArray(element)) {
    return invalid(row, 'not an object');
  }
  const values: Partial<Record<Column, string>> = {};
  for (const [column, value] of Object.entries(element)) {
    if (ignoredColumns.includes(column)) continue;
    if (!isColumn(column)) return invalid(row, `unknown column ${quoted(column)}`);
    if (value === null) continue;
    if (typeof value !== 'string') return invalid(row, `${column} must be a string`);
    values[column] = value;
  }
  return importRow(row, values);
}

function importRow(row: number, values: Partial<Record<Column, string>>): ImportRow | RowError {
  const value = (column: Column) => {
    const text = column === 'secret' ? values[column] : values[column]?.trim();
    return text === '' ? undefined : text;
  };
  const kind = value('kind');
  if (kind !== undefined && kind !== 'device' && kind !== 'gateway') {
    return invalid(row, `kind must be device or gateway, not ${quoted(kind)}`);
  }
  return {
    row,
    enterprise: value('enterprise') ?? '',
    device: value('device') ?? '',
    kind,
    profile: value('profile'),
    district: value('district'),
    industry: value('industry'),
    gateway: value('gateway'),
    serial: value('serial'),
    secret: value('secret'),
  };
}

function invalid(row: number, detail: string): RowError {
  return { row, code: 'registry.row-invalid', detail };
}

/** A CSV file of `entries`, in pieces; `readDevicesCsv` reads it back. */
export async function* writeDevicesCsv(
  entries: AsyncIterable<DirectoryEntry>,
): AsyncGenerator<string> {
  yield stringify([[...exportColumns]]);
  for await (const part of inParts(entries)) {
    const rows = part.map(exported);
    yield stringify(rows.map((row) => exportColumns.map((column) => row[column] ?? '')));
  }
}

/** A JSON file of `entries`, in pieces; `readDevicesJson` reads it back. */
export async function* writeDevicesJson(
  entries: AsyncIterable<DirectoryEntry>,
): AsyncGenerator<string> {
  let separator = '[\n';
  for await (const part of inParts(entries)) {
    const objects = part.map((entry) => JSON.stringify(exported(entry), exportColumns));
    yield separator + objects.join(',\n');
    separator = ',\n';
  }
  yield separator === ',\n' ? '\n]\n' : '[]\n';
}

function exported(entry: DirectoryEntry): Readonly<Record<string, string | undefined>> {
  const { enterprise, device, kind, profile, district, industry, gateway, serial, state } = entry;
  const { activatedAtMs } = entry;
  const activated_at = activatedAtMs === null ? undefined : new Date(activatedAtMs).toISOString();
  return {
    enterprise,
    device,
    kind,
    profile,
    district,
    industry,
    gateway,
    serial,
    state,
    activated_at,
  };
}

async function* inParts(entries: AsyncIterable<DirectoryEntry>): AsyncGenerator<DirectoryEntry[]> {
  const rowsMax = 500;
  let part: DirectoryEntry[] = [];
  for await (const entry of entries) {
    part.push(entry);
    if (part.length < rowsMax) continue;
    yield part;
    part = [];
  }
  if (part.length > 0) yield part;
}
