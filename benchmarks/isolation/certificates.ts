/** Authorities and client certificates, good and bad, of the isolation suite. */

import { X509Certificate } from 'node:crypto';
import {
  type CertifiedKey,
  createDevelopmentCa,
  signDeviceCertificate,
  type Validity,
} from '../../gateway/commands/development-ca.ts';
import { deviceKey } from '../../model/identifiers.ts';
import type { GatewayClient } from '../gateway-client.ts';
import type { Card } from './cast.ts';
import { type CertificateName, machine, mark, other, own } from './names.ts';

export type { CertifiedKey };

const dayMs = 86_400_000;

/** The authorities the suite holds the keys of. */
export interface Authorities {
  readonly own: CertifiedKey;
  readonly other: CertifiedKey;
  readonly revoked: CertifiedKey;
  /** Nobody trusts it. */
  readonly stranger: CertifiedKey;
  /** It is called as `own` is. */
  readonly namesake: CertifiedKey;
  /** Ids of the first two in the registry. */
  readonly ownId: string;
  readonly otherId: string;
}

/** Makes the authorities and has those trusted that are to be. */
export async function registerAuthorities(
  client: GatewayClient,
  nowMs: number,
): Promise<Authorities> {
  const validity = { notBeforeMs: nowMs - 30 * dayMs, days: 365 };
  const [mine, theirs, revoked, stranger, namesake] = await Promise.all([
    createDevelopmentCa(own, validity),
    createDevelopmentCa(other, validity),
    createDevelopmentCa('revoked', validity),
    createDevelopmentCa('stranger', validity),
    createDevelopmentCa(own, validity),
  ]);
  const trust = async (enterprise: string, { certificate }: CertifiedKey): Promise<string> => {
    const name = enterprise === other ? mark : 'isolation';
    await client.post('/api/v1/authorities', { enterprise, certificate, name });
    return new X509Certificate(certificate).fingerprint256.replaceAll(':', '').toLowerCase();
  };
  const ownId = await trust(own, mine);
  const otherId = await trust(other, theirs);
  const revokedId = await trust(own, revoked);
  await client.post(`/api/v1/authorities/${deviceKey(own, revokedId)}/revoke`, {});
  return { own: mine, other: theirs, revoked, stranger, namesake, ownId, otherId };
}

/** Client certificates as cards. `certificate replaced` is older than `certificate renewed`. */
export async function deviceCertificates(
  authorities: Authorities,
  nowMs: number,
): Promise<Record<'certified' | `certificate ${CertificateName}`, Card>> {
  const valid = { notBeforeMs: nowMs - dayMs, days: 30 };
  const older = { notBeforeMs: nowMs - 2 * dayMs, days: 30 };
  const over = { notBeforeMs: nowMs - 3 * dayMs, days: 1 };
  const ahead = { notBeforeMs: nowMs + dayMs, days: 30 };
  const card = async (
    ca: CertifiedKey,
    device: string,
    validity: Validity = valid,
    enterprise = own,
  ): Promise<Card> => ({
    clientId: deviceKey(enterprise, device),
    certificate: await signDeviceCertificate(ca, { enterprise, device }, validity),
  });
  return {
    certified: await card(authorities.own, 'certified'),
    'certificate renewed': await card(authorities.own, 'renewed'),
    'certificate replaced': await card(authorities.own, 'renewed', older),
    'certificate expired': await card(authorities.own, machine, over),
    'certificate not yet valid': await card(authorities.own, machine, ahead),
    'certificate of another authority': await card(authorities.other, machine),
    'certificate of a stranger': await card(authorities.stranger, machine),
    'certificate of a namesake': await card(authorities.namesake, machine),
    'certificate of a revoked authority': await card(authorities.revoked, machine),
    "certificate of another enterprise's device": await card(
      authorities.own,
      machine,
      valid,
      other,
    ),
    'certificate of nobody registered': await card(authorities.own, 'absent'),
  };
}
