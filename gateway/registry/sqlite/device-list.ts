/**
 * Lists of devices and gateways, in the order of their keys. A page walks an index that is in this
 * order and holds what is filtered by, so that a page costs what it shows; few rows that hold a
 * text are looked up instead.
 */

import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { deviceKey } from '../../../model/identifiers.ts';
import { limits } from '../../../model/limits.ts';
import type { DeviceFilter, DirectoryEntry, Page, PageRequest } from '../registry.ts';
import { checkLimit, keyAfter, pageOf } from './pages.ts';
import { directoryEntry, type Row } from './sqlite-reader.ts';
import { prepared } from './statements.ts';
import { type Matches, matchesOf, searchText } from './text-search.ts';

/** Beyond so many, walking finds a page sooner than looking all of them up and sorting. */
const fewEnterprisesMax = 2000;
const fewDevicesMax = 5000;
/** An index that leaves so few rows is walked, though each has to be looked up. */
const fewRowsMax = 2000;

const columns = `device.id, device.enterprise, device.device, device.kind, device.profile,
  device.district, device.industry, device.gateway, device.serial, device.state,
  device.created_at_ms, device.activated_at_ms, device.last_row_at_ms, device.revision`;

/** A part of a query and the values of its question marks. */
interface Part {
  readonly sql: string;
  readonly values: readonly SQLInputValue[];
}

const part = (sql: string, ...values: SQLInputValue[]): Part => ({ sql, values });

/** A page of devices and gateways. Throws `api.bad-request` on a limit or cursor that is none. */
export function listDevices(
  db: DatabaseSync,
  filter: DeviceFilter,
  { after, limit }: PageRequest,
): Page<DirectoryEntry> {
  checkLimit(limit, limits.apiPageRowsMax);
  const queries = deviceQueries(db, filter, keyAfter(after));
  const rows = queries.map(({ sql, values }) => prepared(db, sql).all(...values, limit + 1));
  return pageOf(merged(rows).map(directoryEntry), limit, keyOf);
}

const keyOf = ({ enterprise, device }: DirectoryEntry) => deviceKey(enterprise, device);

/** One query, or two whose answers, merged, are the page. */
export function deviceQueries(
  db: DatabaseSync,
  filter: DeviceFilter,
  start: { readonly enterprise: string; readonly device: string },
): Part[] {
  const conditions = [...equalities(filter), ...after(start, filter.enterprise)];
  const along = indexFor(db, filter);
  if (filter.text === undefined) return [walk(along, conditions)];
  const text = searchText(filter.text);
  const owners = matchesOf(db, 'enterprise', text, fewEnterprisesMax);
  const own = ownMatches(db, text);
  if (owners.amount === 'many' || own.amount === 'many') {
    const either = [...ownHolds(own, text), ...ownerHolds(owners, text)];
    return [walk(along, [...conditions, anyOf(either)])];
  }
  const queries: Part[] = [];
  if (owners.amount === 'few') {
    queries.push(walk(along, [...conditions, ownedBy(owners.rows, 'instr(text, ?) > 0', text)]));
  }
  if (own.amount === 'few') queries.push(own.lookUp(along, conditions));
  return queries;
}

function equalities(filter: DeviceFilter): Part[] {
  const parts: Part[] = [];
  for (const column of ['enterprise', 'district', 'profile', 'state'] as const) {
    const value = filter[column];
    if (value !== undefined) parts.push(part(`device.${column} = ?`, value));
  }
  // Written out, so that the index of gateways may be used.
  if (filter.kind !== undefined) parts.push(part(`kind = '${filter.kind}'`));
  return parts;
}

/** Behind the cursor. Within one enterprise the index goes on with the device. */
function after(
  start: { readonly enterprise: string; readonly device: string },
  enterprise: string | undefined,
): Part[] {
  if (enterprise === undefined) {
    return [part('(device.enterprise, device.device) > (?, ?)', start.enterprise, start.device)];
  }
  if (start.enterprise > enterprise) return [part('false')];
  return [part('device.device > ?', start.enterprise === enterprise ? start.device : '')];
}

/** In the order of keys, along an index that is in this order. */
function walk(index: string, conditions: readonly Part[]): Part {
  return {
    sql: `SELECT ${columns} FROM device INDEXED BY ${index}
      WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}
      ORDER BY device.enterprise, device.device LIMIT ?`,
    values: conditions.flatMap(({ values }) => values),
  };
}

/** The first that leaves only a few rows; else the first, which holds what the others filter by. */
function indexFor(db: DatabaseSync, filter: DeviceFilter): string {
  const indexes: Part[] = [];
  for (const column of ['state', 'district', 'profile'] as const) {
    const value = filter[column];
    if (value !== undefined) indexes.push(part(`device_by_${column} WHERE ${column} = ?`, value));
  }
  if (filter.kind === 'gateway') indexes.push(part("device_gateways WHERE kind = 'gateway'"));
  const name = ({ sql }: Part) => sql.split(' ')[0]!;
  const [first] = indexes;
  if (first === undefined) return 'device_by_key';
  if (indexes.length === 1) return name(first);
  const narrow = indexes.find(({ sql, values }) => {
    const rows = `SELECT 1 FROM device INDEXED BY ${sql} LIMIT ?`;
    const counted = prepared(db, `SELECT count(*) AS n FROM (${rows})`);
    return (counted.get(...values, fewRowsMax + 1)!.n as number) <= fewRowsMax;
  });
  return name(narrow ?? first);
}

function anyOf(parts: readonly Part[]): Part {
  const sql = `(${parts.map((each) => each.sql).join(' OR ')})`;
  return { sql, values: parts.flatMap(({ values }) => values) };
}

/** What is asked of each row where many rows hold the text. */
function ownHolds({ amount }: OwnMatches, text: string): Part[] {
  if (amount === 'none') return [];
  if (text.includes('.'))
    return [part("instr(device.enterprise || '.' || device.device, ?) > 0", text)];
  return [part('instr(device.device, ?) > 0', text), part('instr(serial, ?) > 0', text)];
}

function ownerHolds({ amount }: Matches, text: string): Part[] {
  if (amount === 'none') return [];
  const written = 'lower(id || char(10) || name_zh || char(10) || name_en)';
  const owner = 'SELECT 1 FROM enterprise WHERE enterprise.id = device.enterprise';
  return [part(`EXISTS (${owner} AND instr(${written}, ?) > 0)`, text)];
}

/** Devices of the enterprises with these numbers, when `condition`, which has `values`, is true. */
function ownedBy(rows: string, condition: string, ...values: SQLInputValue[]): Part {
  return part(
    `device.enterprise IN (
      SELECT enterprise_text.id FROM json_each(?) AS hit
      CROSS JOIN enterprise_text ON enterprise_text.rowid = hit.value WHERE ${condition})`,
    rows,
    ...values,
  );
}

/** Devices that hold a text themselves, and how to look up few. */
type OwnMatches =
  | { readonly amount: 'none' | 'many' }
  | {
      readonly amount: 'few';
      lookUp(along: string, conditions: readonly Part[]): Part;
    };

/** Ids and serials have no other characters; of a key, the dot too. */
const idText = /^[a-z0-9_-]+$/;
const keyText = /^([a-z0-9_-]*)\.([a-z0-9_-]*)$/;

function ownMatches(db: DatabaseSync, text: string): OwnMatches {
  const [, enterpriseEnd, deviceBeginning] = keyText.exec(text) ?? [];
  if (enterpriseEnd !== undefined && deviceBeginning !== undefined) {
    const owners = matchesOf(db, 'enterprise', enterpriseEnd, fewEnterprisesMax);
    return keyMatches(owners, enterpriseEnd, deviceBeginning);
  }
  if (!idText.test(text)) return { amount: 'none' };
  const found = matchesOf(db, 'device', text, fewDevicesMax);
  if (found.amount !== 'few') return found;
  const { rows } = found;
  return { amount: 'few', lookUp: (_, conditions) => lookUp(rows, text, conditions) };
}

/** Around the dot there is an end of an enterprise's id and a beginning of a device's. */
function keyMatches(owners: Matches, end: string, beginning: string): OwnMatches {
  if (owners.amount !== 'few') return owners;
  const begins = [
    part('device.device >= ?', beginning),
    part('device.device < ?', `${beginning}{`),
  ];
  const ends = ownedBy(owners.rows, 'substr(enterprise_text.id, -length(?)) = ?', end, end);
  return {
    amount: 'few',
    lookUp: (along, conditions) => walk(along, [...conditions, ends, ...begins]),
  };
}

function lookUp(rows: string, text: string, conditions: readonly Part[]): Part {
  const all = [
    part('(instr(device.device, ?) > 0 OR instr(serial, ?) > 0)', text, text),
    ...conditions,
  ];
  return {
    sql: `SELECT ${columns} FROM json_each(?) AS hit CROSS JOIN device ON device.id = hit.value
      WHERE ${all.map(({ sql }) => sql).join(' AND ')}
      ORDER BY device.enterprise, device.device LIMIT ?`,
    values: [rows, ...all.flatMap(({ values }) => values)],
  };
}

/** Rows of several answers in the order of keys, each once. */
function merged(answers: readonly (readonly Row[])[]): readonly Row[] {
  if (answers.length <= 1) return answers[0] ?? [];
  const rows = new Map(answers.flat().map((row) => [row.id, row]));
  return [...rows.values()].sort((a, b) => compare(a, b));
}

function compare(a: Row, b: Row): number {
  if (a.enterprise !== b.enterprise) return a.enterprise! < b.enterprise! ? -1 : 1;
  return a.device! < b.device! ? -1 : 1;
}
