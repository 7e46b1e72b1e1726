/** Questions about the directory: lists in pages of the keys' order, and counts. */

import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { OnrampError } from '../../model/errors.ts';
import { deviceKey, parseDeviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type {
  DeviceFilter,
  DirectoryCounts,
  DirectoryEntry,
  EnterpriseFilter,
  Page,
  PageRequest,
  RegisteredEnterprise,
} from './registry.ts';
import { directoryEntry, enterpriseLimits, type Row } from './sqlite-reader.ts';

/** One condition of a query and the values of its question marks. */
type Condition = readonly [sql: string, ...values: SQLInputValue[]];

/** Comes before every device. */
const firstKey = { enterprise: '', device: '' };

const deviceText = `(
  instr(enterprise || '.' || device, ?) > 0
  OR instr(serial, ?) > 0
  OR enterprise IN (
    SELECT id FROM enterprise WHERE instr(lower(name_zh), ?) > 0 OR instr(lower(name_en), ?) > 0
  ))`;

const enterpriseText =
  '(instr(id, ?) > 0 OR instr(lower(name_zh), ?) > 0 OR instr(lower(name_en), ?) > 0)';

/** A page of devices and gateways. Throws `api.bad-request` on a limit or cursor that is none. */
export function listDevices(
  db: DatabaseSync,
  filter: DeviceFilter,
  page: PageRequest,
): Page<DirectoryEntry> {
  const conditions: Condition[] = [];
  for (const column of ['enterprise', 'district', 'profile', 'kind'] as const) {
    const value = filter[column];
    if (value !== undefined) conditions.push([`${column} = ?`, value]);
  }
  if (filter.text !== undefined) {
    const text = searchText(filter.text);
    conditions.push([deviceText, text, text, text, text]);
  }
  // Without a cursor too, so that SQLite takes an index that is in this order.
  const after = page.after === undefined ? firstKey : parseDeviceKey(page.after);
  if (after === null) throw new OnrampError('api.bad-request', 'after is not a device');
  conditions.push(['(enterprise, device) > (?, ?)', after.enterprise, after.device]);
  const rows = select(db, 'SELECT * FROM device', conditions, 'enterprise, device', page.limit);
  return pageOf(rows.map(directoryEntry), page.limit, (e) => deviceKey(e.enterprise, e.device));
}

const enterpriseColumns = `*, (
  SELECT count(*) FROM device WHERE device.enterprise = enterprise.id AND kind = 'device'
) AS devices`;

/** A page of enterprises. Throws `api.bad-request` on a limit that is none. */
export function listEnterprises(
  db: DatabaseSync,
  filter: EnterpriseFilter,
  page: PageRequest,
): Page<RegisteredEnterprise> {
  const conditions: Condition[] = [];
  if (filter.district !== undefined) conditions.push(['district = ?', filter.district]);
  if (filter.text !== undefined) {
    const text = searchText(filter.text);
    conditions.push([enterpriseText, text, text, text]);
  }
  if (page.after !== undefined) conditions.push(['id > ?', page.after]);
  const rows = select(
    db,
    `SELECT ${enterpriseColumns} FROM enterprise`,
    conditions,
    'id',
    page.limit,
  );
  return pageOf(rows.map(registeredEnterprise), page.limit, (enterprise) => enterprise.id);
}

/** One enterprise, or null. */
export function findEnterprise(db: DatabaseSync, id: string): RegisteredEnterprise | null {
  const row = db.prepare(`SELECT ${enterpriseColumns} FROM enterprise WHERE id = ?`).get(id);
  return row === undefined ? null : registeredEnterprise(row);
}

/** Counts everything; `isProduction` says of a profile whether its devices are production devices. */
export function countDirectory(
  db: DatabaseSync,
  isProduction: (profile: string) => boolean,
): DirectoryCounts {
  const districts = new Map<string, DirectoryCounts['byDistrict'][number]>();
  const profiles = new Map<string, number>();
  const district = (id: string) =>
    districts.get(id) ?? { district: id, enterprises: 0, devices: 0, productionDevices: 0 };
  const enterprises = db.prepare(
    'SELECT district, count(*) AS n FROM enterprise GROUP BY district',
  );
  for (const row of enterprises.all()) {
    const id = row.district as string;
    districts.set(id, { ...district(id), enterprises: row.n as number });
  }
  const devices = db.prepare(
    'SELECT district, profile, kind, count(*) AS n FROM device GROUP BY district, profile, kind',
  );
  let gateways = 0;
  for (const row of devices.all()) {
    const n = row.n as number;
    if (row.kind === 'gateway') {
      gateways += n;
      continue;
    }
    const profile = row.profile as string;
    profiles.set(profile, (profiles.get(profile) ?? 0) + n);
    const sum = district(row.district as string);
    districts.set(sum.district, {
      ...sum,
      devices: sum.devices + n,
      productionDevices: sum.productionDevices + (isProduction(profile) ? n : 0),
    });
  }
  const byDistrict = [...districts.values()].sort((a, b) => (a.district < b.district ? -1 : 1));
  const byProfile = [...profiles]
    .map(([profile, n]) => ({ profile, production: isProduction(profile), devices: n }))
    .sort((a, b) => (a.profile < b.profile ? -1 : 1));
  return {
    enterprises: byDistrict.reduce((sum, each) => sum + each.enterprises, 0),
    devices: byDistrict.reduce((sum, each) => sum + each.devices, 0),
    productionDevices: byDistrict.reduce((sum, each) => sum + each.productionDevices, 0),
    gateways,
    byDistrict,
    byProfile,
  };
}

function select(
  db: DatabaseSync,
  head: string,
  conditions: readonly Condition[],
  order: string,
  limit: number,
): Row[] {
  if (!Number.isInteger(limit) || limit < 1 || limit > limits.apiPageRowsMax) {
    throw new OnrampError('api.bad-request', `limit must be 1 to ${limits.apiPageRowsMax}`);
  }
  const where = conditions.map(([sql]) => sql).join(' AND ');
  const values = conditions.flatMap(([, ...rest]) => rest);
  const sql = `${head} ${where === '' ? '' : `WHERE ${where}`} ORDER BY ${order} LIMIT ?`;
  return db.prepare(sql).all(...values, limit + 1);
}

/** `found` may hold one more than the page takes, which says that there is a next page. */
function pageOf<T>(found: readonly T[], limit: number, key: (item: T) => string): Page<T> {
  if (found.length <= limit) return { items: found, next: null };
  const items = found.slice(0, limit);
  return { items, next: key(items.at(-1)!) };
}

/** Text to search for: lower case, no longer than anything it could be part of. */
function searchText(text: string): string {
  return text.slice(0, limits.textCharsMax).toLowerCase();
}

function registeredEnterprise(row: Row): RegisteredEnterprise {
  return {
    id: row.id as string,
    name: { zh: row.name_zh as string, en: row.name_en as string },
    district: row.district as string,
    park: row.park as string | null,
    industry: row.industry as string,
    sizeClass: row.size_class as string | null,
    platform: row.platform as string | null,
    createdAtMs: row.created_at_ms as number,
    limits: enterpriseLimits(row),
    revision: row.revision as number,
    devices: row.devices as number,
  };
}
