/** How staged rows get into the registry: whole sets at a time, within the import's transaction. */

import type { DatabaseSync } from 'node:sqlite';
import { newLife } from '../../model/device.ts';
import { unknownDistrict, unknownIndustry } from './device-check.ts';

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

/**
 * Fills what rows of registered devices leave empty with what is registered, the secret included,
 * notes what they change, and returns how many such rows there are.
 */
export function takeOver(db: DatabaseSync): number {
  const { changes: rows } = db
    .prepare(
      `UPDATE staging SET
         known = 1,
         changes = ${changes},
         district = coalesce(staging.district, device.district),
         industry = coalesce(staging.industry, device.industry),
         gateway = coalesce(staging.gateway, device.gateway),
         serial = coalesce(staging.serial, device.serial),
         fleet = iif(staging.secret_hash IS NULL, device.fleet, staging.fleet),
         secret_hash = coalesce(staging.secret_hash, device.secret_hash)
       FROM main.device AS device
       WHERE device.enterprise = staging.enterprise AND device.device = staging.device`,
    )
    .run();
  return Number(rows);
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

/** So many serials at once leave the index of texts slow, until it is written anew. */
const manySerials = 5000;

/** Changes registered devices; what no row knows, as their state, stays. */
export function changeDevices(db: DatabaseSync, { actor, nowMs }: Importer): void {
  db.exec(
    `UPDATE main.device SET
       profile = s.profile, district = s.district, industry = s.industry, gateway = s.gateway,
       serial = s.serial, secret_hash = s.secret_hash, fleet = s.fleet,
       group_id = iif(s.secret_hash = device.secret_hash, device.group_id, NULL),
       provisioned_at_ms = iif(s.secret_hash = device.secret_hash, device.provisioned_at_ms, NULL),
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
  const { serials } = db
    .prepare("SELECT count(*) AS serials FROM staging WHERE known AND changes LIKE '% serial%'")
    .get()!;
  if ((serials as number) < manySerials) return;
  db.exec("INSERT INTO main.device_text (device_text) VALUES ('optimize')");
}
