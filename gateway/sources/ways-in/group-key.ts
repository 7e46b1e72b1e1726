/** The way in with a secret derived from a group's key, for a device that nobody registered yet. */

import { hash, timingSafeEqual } from 'node:crypto';
import { parseUsername } from '../../../model/dialects/native.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { groupSecret } from '../../../model/group-secret.ts';
import { deviceKey } from '../../../model/identifiers.ts';
import type { StoredGroup } from '../../registry/groups.ts';
import { secret } from './secret.ts';
import { badCredentials, refusalOf, refused, type Way } from './way.ts';

/**
 * User name and password as with any secret, here the one that a group of the enterprise derives
 * for the device. The device is registered with it, and from then on let in as any other: by its
 * hash. Null when no group derives it.
 */
export const groupKey: Way = async (attempt, context) => {
  const { clientId, username = '', password } = attempt;
  const name = parseUsername(username);
  if (name === null || password === undefined) return badCredentials;
  const { enterprise, subject: device } = name;
  try {
    const group = derivingGroup(await context.registry.groups(enterprise), device, password);
    if (group === null) return null;
    if (clientId !== deviceKey(enterprise, device)) {
      return refused('connect.client-id-mismatch', 2, clientId);
    }
    const derived = groupSecret(group.key, device);
    await context.ask({ kind: 'enrol', enterprise, group: group.id, device, secret: derived });
  } catch (error) {
    return refusalOf(error);
  }
  return secret(attempt, context);
};

/** The group whose key derives `password` for `device`. Every group is tried, found or not. */
function derivingGroup(
  groups: readonly StoredGroup[],
  device: string,
  password: Buffer,
): StoredGroup | null {
  const presented = hash('sha256', password, 'buffer');
  let found: StoredGroup | null = null;
  for (const group of groups) {
    if (timingSafeEqual(secretHash(groupSecret(group.key, device)), presented)) found = group;
  }
  return found;
}
