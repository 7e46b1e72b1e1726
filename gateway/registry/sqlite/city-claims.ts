/**
 * Claims for the enterprises of a simulated city, so that its devices come on board by themselves.
 */

import { createSecretKey } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Enterprise } from '../../../model/enterprise.ts';
import { fleetSecret, secretHash } from '../../../model/fleet-secret.ts';
import { limits } from '../../../model/limits.ts';
import type { CityDirectory } from '../registry.ts';
import { appendNote } from './life-table.ts';
import type { RegistryConnection } from './sqlite-part.ts';
import { prepared } from './statements.ts';

/** The claim that each enterprise of a city has. */
const cityClaim = 'fleet';
const enterprisesPerTransaction = 500;

interface CityClaims {
  readonly fleetKey: Buffer;
  readonly expiresAtMs: number;
  readonly actor: string;
}

/**
 * Registers the enterprises of a city, each with the claim `fleet` for as many devices as it has;
 * the secret derives from `fleetKey` (`fleetSecret(fleetKey, enterprise, 'claim')`). Doing it again
 * refreshes secret, time and number; a claim that was revoked stays so. Answers how many claims.
 */
export async function issueCityClaims(
  connection: RegistryConnection,
  city: Pick<CityDirectory, 'enterprises'>,
  { fleetKey, expiresAtMs, actor }: CityClaims,
): Promise<number> {
  const key = createSecretKey(fleetKey);
  const { enterprises } = city;
  for (let at = 0; at < enterprises.length; at += enterprisesPerTransaction) {
    const part = enterprises.slice(at, at + enterprisesPerTransaction);
    const claims = part.map((enterprise) => ({
      enterprise,
      hash: secretHash(fleetSecret(key, enterprise.id, 'claim')),
    }));
    await connection.write(() => {
      for (const { enterprise, hash } of claims) {
        put(connection, enterprise, { hash, expiresAtMs, actor });
      }
    });
    await nextTurn();
  }
  return enterprises.length;
}

function put(
  { db, clock }: RegistryConnection,
  enterprise: Enterprise,
  { hash, expiresAtMs, actor }: Omit<CityClaims, 'fleetKey'> & { readonly hash: Buffer },
): void {
  const { id, name, district, park, industry, sizeClass, platform } = enterprise;
  const nowMs = clock.nowMs();
  prepared(
    db,
    `INSERT INTO enterprise (id, name_zh, name_en, district, park, industry, size_class, platform,
       created_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
  ).run(id, name.zh, name.en, district, park, industry, sizeClass, platform, nowMs);
  const devicesMax = Math.min(Math.max(1, enterprise.devices), limits.claimDevicesMax);
  const found = prepared(db, 'SELECT 1 FROM claim WHERE enterprise = ? AND id = ?');
  if (found.get(id, cityClaim) === undefined) {
    const cause = `${cityClaim}: ${devicesMax} devices of a simulated fleet`;
    appendNote(db, { enterprise: id, event: 'claim-issued', cause }, { actor, nowMs });
  }
  prepared(
    db,
    `INSERT INTO claim (enterprise, id, name, secret_hash, created_at_ms, expires_at_ms, devices_max)
       VALUES (?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (enterprise, id) DO UPDATE SET secret_hash = excluded.secret_hash,
       expires_at_ms = excluded.expires_at_ms, devices_max = excluded.devices_max`,
  ).run(id, cityClaim, cityClaim, hash, nowMs, expiresAtMs, devicesMax);
}
