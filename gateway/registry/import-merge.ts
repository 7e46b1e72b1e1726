/** How staged rows get into the registry: whole sets at a time, within the import's transaction. */

import type { DatabaseSync } from 'node:sqlite';
import { unknownDistrict, unknownIndustry } from './device-check.ts';

/**
 * Fills what rows of registered devices leave empty with what is registered, the secret included,
 * and returns how many such rows there are.
 */
export function takeOver(db: DatabaseSync): number {
  const { changes } = db
    .prepare(
      `UPDATE staging SET
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
  return Number(changes);
}

/** Registers the enterprises a city describes; those registered already stay as they are. */
export function enterprisesOfCity(db: DatabaseSync, nowMs: number): void {
  db.prepare(
    `INSERT INTO main.enterprise (id, name_zh, name_en, district, park, industry, size_class,
         platform, created_at_ms)
       SELECT id, name_zh, name_en, district, park, industry, size_class, platform, ?
       FROM staging_enterprise WHERE true
     ON CONFLICT (id) DO NOTHING`,
  ).run(nowMs);
}

/** Registers the enterprises that only the rows name, with the district and industry of a row. */
export function enterprisesOfRows(db: DatabaseSync, nowMs: number): void {
  db.prepare(
    `INSERT INTO main.enterprise (id, name_zh, name_en, district, industry, created_at_ms)
       SELECT enterprise, enterprise, enterprise,
         coalesce(min(district), '${unknownDistrict}'),
         coalesce(min(industry), '${unknownIndustry}'), ?
       FROM staging WHERE true GROUP BY enterprise
     ON CONFLICT (id) DO NOTHING`,
  ).run(nowMs);
}

/** Merges the rows. What the row does not know, as the state of a registered device, stays. */
export function mergeDevices(db: DatabaseSync, nowMs: number): void {
  db.prepare(
    `INSERT INTO main.device (enterprise, device, kind, profile, district, industry, gateway,
         serial, secret_hash, fleet, created_at_ms)
       SELECT s.enterprise, s.device, s.kind, s.profile, coalesce(s.district, e.district),
         coalesce(s.industry, e.industry), s.gateway, s.serial,
         coalesce(s.secret_hash, s.generated_hash), s.fleet, ?
       FROM staging AS s JOIN main.enterprise AS e ON e.id = s.enterprise
       WHERE true ORDER BY s.enterprise, s.device
     ON CONFLICT (enterprise, device) DO UPDATE SET
       profile = excluded.profile, district = excluded.district, industry = excluded.industry,
       gateway = excluded.gateway, serial = excluded.serial,
       secret_hash = excluded.secret_hash, fleet = excluded.fleet
     WHERE (device.profile, device.district, device.industry, device.gateway, device.serial,
         device.secret_hash, device.fleet)
       IS NOT (excluded.profile, excluded.district, excluded.industry, excluded.gateway,
         excluded.serial, excluded.secret_hash, excluded.fleet)`,
  ).run(nowMs);
}
