/**
 * Enterprises in the registry's file: adding one, describing it anew. Call all in a transaction.
 */

import type { DatabaseSync } from 'node:sqlite';
import { OnrampError } from '../../../model/errors.ts';
import { unknownDistrict, unknownIndustry } from '../device-check.ts';
import type { EnterpriseLimits, NewEnterprise, RegisteredEnterprise } from '../registry.ts';
import { findEnterprise } from './directory-queries.ts';
import { appendNote, type Doer } from './life-table.ts';

/**
 * Adds an enterprise, or changes what `enterprise` says of a registered one; what it leaves out
 * stays. With a `revision`, only when the enterprise has it: else throws `api.version-mismatch`.
 */
export function putEnterprise(
  db: DatabaseSync,
  enterprise: NewEnterprise,
  revision: number | null,
  doer: Doer,
): RegisteredEnterprise {
  const found = findEnterprise(db, enterprise.id);
  if (revision !== null && revision !== found?.revision) {
    const is = found === null ? 'is not registered' : `has revision ${found.revision}`;
    throw new OnrampError('api.version-mismatch', `${enterprise.id} ${is}, not ${revision}`);
  }
  const next = described(enterprise, found);
  const changed = changedFields(found, next);
  if (found !== null && changed.length === 0) return found;
  write(db, next, doer.nowMs);
  const [event, cause] =
    found === null
      ? ['enterprise-added', 'registered']
      : ['enterprise-changed', `changed: ${changed.join(', ')}`];
  appendNote(db, { enterprise: enterprise.id, event, cause }, doer);
  return findEnterprise(db, enterprise.id)!;
}

type Described = Omit<RegisteredEnterprise, 'createdAtMs' | 'revision' | 'devices'>;

function described(enterprise: NewEnterprise, found: RegisteredEnterprise | null): Described {
  const { id } = enterprise;
  return {
    id,
    name: enterprise.name ?? found?.name ?? { zh: id, en: id },
    district: enterprise.district ?? found?.district ?? unknownDistrict,
    park: enterprise.park ?? found?.park ?? null,
    industry: enterprise.industry ?? found?.industry ?? unknownIndustry,
    sizeClass: enterprise.sizeClass ?? found?.sizeClass ?? null,
    platform: enterprise.platform ?? found?.platform ?? null,
    limits: {
      sessionsMax: limitOf('sessionsMax', enterprise, found),
      messagesPerSecondMax: limitOf('messagesPerSecondMax', enterprise, found),
    },
  };
}

/** Null takes a limit away, so only what is left out stays. */
function limitOf(
  name: keyof EnterpriseLimits,
  { limits }: NewEnterprise,
  found: RegisteredEnterprise | null,
): number | null {
  const given = limits?.[name];
  return given === undefined ? (found?.limits[name] ?? null) : given;
}

function changedFields(before: Described | null, after: Described): string[] {
  if (before === null) return [];
  const fields = Object.keys(after) as (keyof Described)[];
  return fields.filter((field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]));
}

function write(db: DatabaseSync, { id, name, limits, ...rest }: Described, nowMs: number): void {
  db.prepare(
    `INSERT INTO enterprise (id, name_zh, name_en, district, park, industry, size_class, platform,
       sessions_max, messages_per_second_max, created_at_ms)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (id) DO UPDATE SET
       name_zh = excluded.name_zh, name_en = excluded.name_en, district = excluded.district,
       park = excluded.park, industry = excluded.industry, size_class = excluded.size_class,
       platform = excluded.platform, sessions_max = excluded.sessions_max,
       messages_per_second_max = excluded.messages_per_second_max, revision = revision + 1`,
  ).run(
    id,
    name.zh,
    name.en,
    rest.district,
    rest.park,
    rest.industry,
    rest.sizeClass,
    rest.platform,
    limits.sessionsMax,
    limits.messagesPerSecondMax,
    nowMs,
  );
}
