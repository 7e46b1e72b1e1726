/**
 * Lists of devices and gateways, in the order of their keys. A page walks an index that is in this
 * order and holds what is filtered by, so that a page costs what it shows; few rows that hold a
 * text are looked up instead.
 */

import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { OnrampError } from '../../model/errors.ts';
import { deviceKey, parseDeviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import { checkLimit, pageOf } from './pages.ts';
import type { DeviceFilter, DirectoryEntry, Page, PageRequest } from './registry.ts';
import { directoryEntry, type Row } from './sqlite-reader.ts';
import { prepared } from './statements.ts';
import { type Matches, matchesOf, searchText } from './text-search.ts';

/** Beyond so many, walking finds a page sooner than looking all of them up and sorting. */
const fewEnterprisesMax = 2000;
const fewDevicesMax = 5000;

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
  const start = after === undefined ? { enterprise: '', device: '' } : parseDeviceKey(after);
  if (start === null) throw new OnrampError('api.bad-request', 'after is not a device');
  const queries = deviceQueries(db, filter, start);
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
  if (filter.text === undefined) return [walk(filter, conditions)];
  const text = searchText(filter.text);
  const owners = matchesOf(db, 'enterprise', text, fewEnterprisesMax);
  const own = ownMatches(db, text);
  if (owners.amount === 'many' || own.amount === 'many') {
    return [walk(filter, [...conditions, holds(text)])];
  }
  const queries: Part[] = [];
  if (owners.amount === 'few') {
    queries.push(walk(filter, [...conditions, ownedBy(owners.query, 'instr(text, ?) > 0', text)]));
  }
  if (own.amount === 'few') queries.push(own.lookUp(filter, conditions));
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

/** In the order of keys, along the index that leaves out most. */
function walk(filter: DeviceFilter, conditions: readonly Part[]): Part {
  return {
    sql: `SELECT device.* FROM device INDEXED BY ${indexFor(filter)}
      WHERE ${conditions.map(({ sql }) => sql).join(' AND ')}
      ORDER BY device.enterprise, device.device LIMIT ?`,
    values: conditions.flatMap(({ values }) => values),
  };
}

function indexFor({ state, district, profile, kind }: DeviceFilter): string {
  if (state !== undefined) return 'device_by_state';
  if (district !== undefined) return 'device_by_district';
  if (profile !== undefined) return 'device_by_profile';
  return kind === 'gateway' ? 'device_gateways' : 'device_by_key';
}

/** What is asked of each row where most rows hold the text. */
function holds(text: string): Part {
  return part(
    `(instr(device.enterprise || '.' || device.device, ?) > 0 OR instr(serial, ?) > 0
      OR EXISTS (SELECT 1 FROM enterprise AS owner WHERE owner.id = device.enterprise
        AND instr(lower(name_zh || char(10) || name_en), ?) > 0))`,
    text,
    text,
    text,
  );
}

/** Devices of the enterprises that `query` finds and `condition`, which has `value`, confirms. */
function ownedBy(query: string, condition: string, value: SQLInputValue): Part {
  return part(
    `device.enterprise IN (
      SELECT id FROM enterprise_text WHERE enterprise_text MATCH ? AND ${condition})`,
    query,
    value,
  );
}

/** Devices that hold a text themselves, and how to look up few. */
type OwnMatches =
  | { readonly amount: 'none' | 'many' }
  | {
      readonly amount: 'few';
      lookUp(filter: DeviceFilter, conditions: readonly Part[]): Part;
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
  const { query } = found;
  return { amount: 'few', lookUp: (_, conditions) => lookUp(query, text, conditions) };
}

/** Around the dot there is an end of an enterprise's id and a beginning of a device's. */
function keyMatches(owners: Matches, end: string, beginning: string): OwnMatches {
  if (owners.amount !== 'few') return owners;
  const { query } = owners;
  const begins = [
    part('device.device >= ?', beginning),
    part('device.device < ?', `${beginning}{`),
  ];
  const ends = ownedBy(query, `substr(id, -${end.length}) = ?`, end);
  return {
    amount: 'few',
    lookUp: (filter, conditions) => walk(filter, [...conditions, ends, ...begins]),
  };
}

function lookUp(query: string, text: string, conditions: readonly Part[]): Part {
  const all = [
    part('device_text MATCH ?', query),
    part('(instr(device.device, ?) > 0 OR instr(serial, ?) > 0)', text, text),
    ...conditions,
  ];
  return {
    sql: `SELECT device.* FROM device_text CROSS JOIN device ON device.id = device_text.rowid
      WHERE ${all.map(({ sql }) => sql).join(' AND ')}
      ORDER BY device.enterprise, device.device LIMIT ?`,
    values: all.flatMap(({ values }) => values),
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
