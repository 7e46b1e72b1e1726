/** The way in with a secret of one's own: registered, imported, or issued for a claim. */

import { hash, timingSafeEqual } from 'node:crypto';
import { parseUsername } from '../../../model/dialects/native.ts';
import { admitted, badCredentials, type Way } from './way.ts';

/**
 * The user name `{enterprise}/{device}` and the secret as password; null when the device is
 * unknown.
 */
export const secret: Way = async ({ username = '', password, ...attempt }, context) => {
  const name = parseUsername(username);
  if (name === null || password === undefined) return badCredentials;
  const lookedUpAtMs = context.clock.monotonicMs();
  const registered = await context.registry.device(name.enterprise, name.subject);
  if (registered === null) return null;
  const presented = hash('sha256', password, 'buffer');
  if (!timingSafeEqual(registered.secretHash, presented)) return badCredentials;
  return admitted({ username, password, ...attempt }, registered, lookedUpAtMs);
};
