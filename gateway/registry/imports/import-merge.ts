/** How staged rows get into the registry: whole sets at a time, within the import's transaction. */

import type { DatabaseSync } from 'node:sqlite';
import { newLife } from '../../../model/device.ts';
import { unknownDistrict, unknownIndustry } from '../device-check.ts';
import type { Which } from './import-checks.ts';

/** Who imports, and when. */
interface Importer {
  readonly actor: string;
  readonly nowMs: number;
}

/** What a row says otherwise than the registry; an empty cell says nothing. */
const differences: Readonly<Record<string, string>> = {
  secret: 'staging.secret_hash <> device.secret_hash OR staging.fleet > device.fleet',
  profile: 'staging.profile <> device.profile',
  gateway: 'staging.gateway IS NOT device.gateway AND staging.gateway IS NOT NULL',
  district: 'staging.district <> device.district',
  industry: 'staging.industry <> device.industry',
  serial: 'staging.serial IS NOT device.serial AND staging.serial IS NOT NULL',
};

const changes = Object.entries(differences)
  .map(([name, differs]) => `iif(${differs}, ' ${name}', '')`)
  .join(' || ');

/** Notes which rows are of registered devices, and what they change. */
export function compare(db: DatabaseSync, which: Which): void {
  db.exec(
    `UPDATE staging SET known = 1, changes = ${changes}
     FROM main.device AS device
     WHERE device.enterprise = staging.enterprise AND device.device = staging.device
       ${which === 'all' ? '' : 'AND staging.stale = 1'}`,
  );
}

/** How many rows there are, and how many of them are of registered devices. */
export function stagedCounts(db: DatabaseSync): { staged: number; known: number } {
  const counts = db.prepare('SELECT count(*) AS staged, total(known) AS known FROM staging').get()!;
  return { staged: counts.staged as number, known: counts.known as number };
}

/** Numbers of the rows whose generated secrets count. */
export function creditedRows(db: DatabaseSync): Uint32Array {
  const rows = db.prepare('SELECT row FROM staging WHERE NOT known AND secret_hash IS NULL').all();
  return Uint32Array.from(rows, ({ row }) => row as number);
}

/** Keys of registered devices whose sessions must begin anew; a serial says nothing to them. */
export function changedKeys(db: DatabaseSync): string[] {
  const rows = db.prepare(
    `SELECT enterprise || '.' || device AS key FROM staging
     WHERE changes NOT IN ('', ' serial') ORDER BY enterprise, device`,
  );
  return rows.all().map(({ key }) => key as string);
}

const auditColumns = `main.audit (at_ms, enterprise, device, event, from_state, to_state, cause,
  actor)`;

/** Registers the enterprises a city describes; those registered already stay as they are. */
export function enterprisesOfCity(db: DatabaseSync, importer: Importer): void {
  auditNewEnterprises(db, 'SELECT id FROM staging_enterprise', importer);
  db.prepare(
    `INSERT INTO main.enterprise (id, name_zh, name_en, district, park, industry, size_class,
         platform, created_at_ms)
       SELECT id, name_zh, name_en, district, park, industry, size_class, platform, ?
       FROM staging_enterprise WHERE true
     ON CONFLICT (id) DO NOTHING`,
  ).run(importer.nowMs);
}

/** Registers the enterprises that only the rows name, with the district and industry of a row. */
export function enterprisesOfRows(db: DatabaseSync, importer: Importer): void {
  auditNewEnterprises(db, 'SELECT DISTINCT enterprise AS id FROM staging', importer);
  db.prepare(
    `INSERT INTO main.enterprise (id, name_zh, name_en, district, industry, created_at_ms)
       SELECT enterprise, enterprise, enterprise,
         coalesce(min(district), '${unknownDistrict}'),
         coalesce(min(industry), '${unknownIndustry}'), ?
       FROM staging WHERE true GROUP BY enterprise
     ON CONFLICT (id) DO NOTHING`,
  ).run(importer.nowMs);
}

function auditNewEnterprises(db: DatabaseSync, ids: string, { nowMs, actor }: Importer): void {
  db.prepare(
    `INSERT INTO ${auditColumns}
       SELECT ?, id, NULL, 'enterprise-added', NULL, NULL, 'import', ? FROM (${ids}) AS named
       WHERE NOT EXISTS (SELECT 1 FROM main.enterprise AS e WHERE e.id = named.id)`,
  ).run(nowMs, actor);
}

/** Adds the new devices, each with its entry in the audit trail. */
export function addDevices(db: DatabaseSync, { actor, nowMs }: Importer): void {
  db.prepare(
    `INSERT INTO main.device (enterprise, device, kind, profile, district, industry, gateway,
         serial, secret_hash, fleet, state, created_at_ms)
       SELECT s.enterprise, s.device, s.kind, s.profile, coalesce(s.district, e.district),
         coalesce(s.industry, e.industry), s.gateway, s.serial,
         coalesce(s.secret_hash, s.generated_hash), s.fleet, ?, ?
       FROM staging AS s JOIN main.enterprise AS e ON e.id = s.enterprise
       WHERE NOT s.known ORDER BY s.enterprise, s.device`,
  ).run(newLife.state, nowMs);
  db.prepare(
    `INSERT INTO ${auditColumns}
       SELECT ?, enterprise, device, 'register', NULL, ?, 'import', ?
       FROM staging WHERE NOT known ORDER BY enterprise, device`,
  ).run(nowMs, newLife.state, actor);
}

/**
 * Changes registered devices; what a row leaves empty, the secret included, and their state stay.
 */
export function changeDevices(db: DatabaseSync, { actor, nowMs }: Importer): void {
  db.exec(
    `UPDATE main.device SET
       profile = s.profile, district = coalesce(s.district, device.district),
       industry = coalesce(s.industry, device.industry),
       gateway = coalesce(s.gateway, device.gateway), serial = coalesce(s.serial, device.serial),
       secret_hash = coalesce(s.secret_hash, device.secret_hash),
       fleet = iif(s.secret_hash IS NULL, device.fleet, s.fleet),
       group_id = iif(s.secret_hash <> device.secret_hash, NULL, device.group_id),
       provisioned_at_ms = iif(s.secret_hash <> device.secret_hash, NULL, device.provisioned_at_ms),
       revision = device.revision + 1
     FROM staging AS s
     WHERE s.changes <> '' AND s.enterprise = device.enterprise AND s.device = device.device`,
  );
  db.prepare(
    `INSERT INTO ${auditColumns}
       SELECT ?, enterprise, device, 'changed', NULL, NULL,
         'import: ' || replace(ltrim(changes), ' ', ', '), ?
       FROM staging WHERE changes <> '' ORDER BY enterprise, device`,
  ).run(nowMs, actor);
}

/** So many serials at once leave the index of texts slow, until it is written anew. */
const manySerials = 5000;

/** True when the import, which is merged, has left the index of texts slow. */
export function leavesTextsSlow(db: DatabaseSync): boolean {
  const sql = "SELECT count(*) AS serials FROM staging WHERE known AND changes LIKE '% serial%'";
  return (db.prepare(sql).get()!.serials as number) >= manySerials;
}

/** Pages of the index of texts that one step writes: a few milliseconds. */
const pagesPerStep = 25;

/**
 * Writes the index of texts anew, as `'optimize'` would, a step at each call and each in a
 * transaction of its own; false when nothing is left to do (sqlite.org/fts5.html §6.9).
 */
export function mergeTexts(db: DatabaseSync, first: boolean): boolean {
  const changes = () => db.prepare('SELECT total_changes() AS n').get()!.n as number;
  const before = changes();
  const step = "INSERT INTO main.device_text (device_text, rank) VALUES ('merge', ?)";
  db.prepare(step).run(first ? -pagesPerStep : pagesPerStep);
  return changes() - before >= 2;
}
