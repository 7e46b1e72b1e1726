/** The way in with a claim, for a machine that is to ask for a credential of its own. */

import { hash, timingSafeEqual } from 'node:crypto';
import { claimedSerial, parseClaimUsername } from '../../../model/dialects/native-provisioning.ts';
import { claimProblem } from '../../registry/claims.ts';
import { refused, type Way } from './way.ts';

/**
 * The user name `{enterprise}/claim/{claim}`, the claim's secret, the serial in the client id. What
 * the claim is good for is told only to who has shown its secret.
 */
export const claim: Way = async ({ clientId, username = '', password }, context) => {
  const name = parseClaimUsername(username);
  if (name === null || password === undefined) return refused('claim.invalid', 4);
  const { enterprise, claim: id } = name;
  const { clock, registry } = context;
  const lookedUpAtMs = clock.monotonicMs();
  const stored = await registry.claim(enterprise, id);
  const presented = hash('sha256', password, 'buffer');
  if (stored === null || !timingSafeEqual(stored.secretHash, presented)) {
    return refused('claim.invalid', 4, id);
  }
  const serial = claimedSerial(clientId, enterprise);
  if (serial === null) return refused('connect.client-id-mismatch', 2, clientId);
  const problem = claimProblem(stored, clock.nowMs());
  if (problem !== null) return refused(problem, 5, id);
  if (stored.serials !== null && !(await registry.claimLists(enterprise, id, serial))) {
    return refused('claim.serial-not-allowed', 5, serial);
  }
  const principal = { kind: 'claim', enterprise, subject: serial, claim: id } as const;
  return { accepted: true, principal, registered: null, lookedUpAtMs };
};
