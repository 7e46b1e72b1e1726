/** Profiles added at run time, in the registry's file. */

import type { DatabaseSync } from 'node:sqlite';
import { OnrampError } from '../../../model/errors.ts';
import { isDirectoryId, isProfileId } from '../../../model/identifiers.ts';
import type { DeviceProfile, SignalType } from '../../../model/profile.ts';
import { builtInProfiles } from '../../../model/profiles/index.ts';
import { type ProfileOwners, quoted } from '../device-check.ts';
import type { ListedProfile } from '../registry.ts';

type Types = Record<string, SignalType>;

/** Adds or replaces a profile; call it in a transaction. Throws `profile.*`. */
export function putProfile(
  db: DatabaseSync,
  profile: DeviceProfile,
  enterprise: string | null,
  nowMs: number,
): void {
  checkId(profile.id, enterprise);
  const row = db.prepare('SELECT types FROM profile WHERE id = ?').get(profile.id);
  const types = Object.assign(Object.create(null), JSON.parse((row?.types ?? '{}') as string));
  const merged = mergedTypes(profile, types);
  db.prepare(
    `INSERT INTO profile (id, enterprise, document, types, created_at_ms, updated_at_ms)
     VALUES (:id, :enterprise, :document, :types, :now, :now)
     ON CONFLICT (id) DO UPDATE SET
       document = excluded.document, types = excluded.types, updated_at_ms = excluded.updated_at_ms`,
  ).run({
    id: profile.id,
    enterprise,
    document: JSON.stringify(profile),
    types: JSON.stringify(merged),
    now: nowMs,
  });
}

/** `{enterprise}.{name}`: the prefix keeps it from colliding with what is built in. */
function checkId(id: string, enterprise: string | null): void {
  const prefix = id.slice(0, Math.max(0, id.indexOf('.')));
  const mistake =
    !isProfileId(id) || !isDirectoryId(prefix) || id.length === prefix.length + 1
      ? `id ${quoted(id)} must be {enterprise}.{name} and match [a-z0-9._-]+`
      : enterprise !== null && prefix !== enterprise
        ? `id ${quoted(id)} must begin with "${enterprise}."`
        : null;
  if (mistake !== null) throw new OnrampError('profile.invalid', mistake);
}

/**
 * The types of all signals the profile ever had. Throws when one would change, or be another one in
 * another case, which some stores take for the same column.
 */
function mergedTypes(profile: DeviceProfile, known: Types): Types {
  const changed = profile.signals
    .filter((signal) => (known[signal.id] ?? signal.type) !== signal.type)
    .map((signal) => `${signal.id} is ${known[signal.id]}, not ${signal.type}`);
  if (changed.length > 0) throw new OnrampError('profile.type-changed', changed);
  const spelt = new Map(Object.keys(known).map((id) => [id.toLowerCase(), id]));
  const respelt = profile.signals
    .filter(({ id }) => (spelt.get(id.toLowerCase()) ?? id) !== id)
    .map(({ id }) => `${id} was "${spelt.get(id.toLowerCase())}" before`);
  if (respelt.length > 0) throw new OnrampError('profile.invalid', respelt);
  const merged: Types = Object.assign(Object.create(null), known);
  for (const signal of profile.signals) merged[signal.id] = signal.type;
  return merged;
}

/** The profiles added at run time, by id. */
export function addedProfiles(db: DatabaseSync): ListedProfile[] {
  const rows = db.prepare('SELECT enterprise, document FROM profile ORDER BY id').all();
  return rows.map((row) => ({
    profile: JSON.parse(row.document as string) as DeviceProfile,
    enterprise: row.enterprise as string | null,
    builtIn: false,
  }));
}

/** Whose each profile is, as the file says now; those built in are everybody's. */
export function profileOwners(db: DatabaseSync): ProfileOwners {
  const owners = new Map<string, string | null>();
  for (const id of builtInProfiles.keys()) owners.set(id, null);
  for (const row of db.prepare('SELECT id, enterprise FROM profile').all()) {
    owners.set(row.id as string, row.enterprise as string | null);
  }
  return owners;
}
