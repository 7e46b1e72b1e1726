/** Questions about the directory: enterprises in pages of their ids' order, and counts. */

import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { limits } from '../../../model/limits.ts';
import type {
  DirectoryCounts,
  EnterpriseFilter,
  Page,
  PageRequest,
  RegisteredEnterprise,
} from '../registry.ts';
import { checkLimit, pageOf } from './pages.ts';
import { enterpriseLimits, type Row } from './sqlite-reader.ts';
import { prepared } from './statements.ts';
import { matchesOf, searchText } from './text-search.ts';

/** One condition of a query and the values of its question marks. */
type Condition = readonly [sql: string, ...values: SQLInputValue[]];

/** Beyond so many, walking finds a page sooner than looking all of them up. */
const fewEnterprisesMax = 2000;

// Counting gateways apart, each count reads nothing but an index.
const enterpriseColumns = `*,
  (SELECT count(*) FROM device WHERE device.enterprise = enterprise.id)
  - (SELECT count(*) FROM device WHERE device.enterprise = enterprise.id AND kind = 'gateway')
  AS devices`;

/** A page of enterprises. Throws `api.bad-request` on a limit that is none. */
export function listEnterprises(
  db: DatabaseSync,
  filter: EnterpriseFilter,
  { after, limit }: PageRequest,
): Page<RegisteredEnterprise> {
  checkLimit(limit, limits.apiPageRowsMax);
  const conditions: Condition[] = [['id > ?', after ?? '']];
  if (filter.district !== undefined) conditions.push(['district = ?', filter.district]);
  if (filter.text !== undefined) conditions.push(holding(db, searchText(filter.text)));
  const rows = prepared(
    db,
    `SELECT ${enterpriseColumns} FROM enterprise
     WHERE ${conditions.map(([sql]) => sql).join(' AND ')} ORDER BY id LIMIT ?`,
  ).all(...conditions.flatMap(([, ...values]) => values), limit + 1);
  return pageOf(rows.map(registeredEnterprise), limit, (enterprise) => enterprise.id);
}

/** Enterprises with `text` in the id or a name. */
function holding(db: DatabaseSync, text: string): Condition {
  const found = matchesOf(db, 'enterprise', text, fewEnterprisesMax);
  if (found.amount === 'few') {
    const ids = `SELECT enterprise_text.id FROM json_each(?) AS hit
      CROSS JOIN enterprise_text ON enterprise_text.rowid = hit.value WHERE instr(text, ?) > 0`;
    return [`id IN (${ids})`, found.rows, text];
  }
  if (found.amount === 'none') return ['false'];
  return ['instr(lower(id || char(10) || name_zh || char(10) || name_en), ?) > 0', text];
}

/** One enterprise, or null. */
export function findEnterprise(db: DatabaseSync, id: string): RegisteredEnterprise | null {
  const row = prepared(db, `SELECT ${enterpriseColumns} FROM enterprise WHERE id = ?`).get(id);
  return row === undefined ? null : registeredEnterprise(row);
}

/**
 * Counts everything; `isProduction` says of a profile whether its devices are production devices.
 */
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
