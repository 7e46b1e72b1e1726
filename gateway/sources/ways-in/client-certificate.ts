/** The way in with an X.509 certificate, whose key TLS has proved the client to hold. */

import type { ConnectAttempt } from '../../../broker/access.ts';
import { mayConnect } from '../../../model/device.ts';
import { OnrampError } from '../../../model/errors.ts';
import { deviceKey } from '../../../model/identifiers.ts';
import type { PinnedCertificate, StoredAuthority } from '../../registry/authorities.ts';
import { checkClientCertificate, subjectOf } from '../../registry/certificate-check.ts';
import type { RegisteredDevice } from '../../registry/registry.ts';
import { admitted, badCredentials, refusalOf, refused, type Way } from './way.ts';

/** True when a CONNECT presents a certificate and nothing else. */
export function presentsCertificate({ certificate, password }: ConnectAttempt): boolean {
  return certificate !== null && (password === undefined || password.length === 0);
}

/**
 * A certificate that an authority of the device's enterprise signed. The device is known by it from
 * its first use on; a newer one takes its place, an older one is void. A device that is not
 * registered is, if the authority vouches for such. No user name is needed beside it, but one that
 * is there must be the device's.
 */
export const clientCertificate: Way = async (attempt, context) => {
  const { certificate, clientId, username = '' } = attempt;
  if (certificate === null) return badCredentials;
  const { clock, registry } = context;
  const named = subjectOf(certificate);
  const authorities = named === null ? [] : await registry.authorities(named.enterprise);
  const check = checkClientCertificate(certificate, authorities, clock.nowMs());
  if (!check.ok) return refused(check.code, 5, check.detail);
  const { authority, device, enterprise, fingerprint, notBeforeMs } = check;
  if (clientId !== deviceKey(enterprise, device)) {
    return refused('connect.client-id-mismatch', 2, clientId);
  }
  if (username !== '' && username !== `${enterprise}/${device}`) {
    return refused('connect.username-mismatch', 4, username);
  }
  const presented: PinnedCertificate = { authority, fingerprint, notBeforeMs };
  try {
    const lookedUpAtMs = clock.monotonicMs();
    const known = await registry.device(enterprise, device);
    if (known === null) mustVouch(authorities, presented, clientId);
    else if (isPinned(known, presented, authorities) || !mayConnect(known.state)) {
      return admitted(attempt, known, lookedUpAtMs);
    }
    await context.ask({ kind: 'pin', enterprise, device, certificate: presented });
  } catch (error) {
    return refusalOf(error);
  }
  const lookedUpAtMs = clock.monotonicMs();
  const registered = await registry.device(enterprise, device);
  if (registered?.certificate?.fingerprint === fingerprint) {
    return admitted(attempt, registered, lookedUpAtMs);
  }
  // Another connection brought a newer one in between.
  return refused('certificate.replaced', 5, fingerprint);
};

/** An unknown device is registered only with the profile of its authority. */
function mustVouch(
  authorities: readonly StoredAuthority[],
  { authority }: PinnedCertificate,
  clientId: string,
): void {
  const signer = authorities.find(({ fingerprint }) => fingerprint === authority);
  if (signer?.profile) return;
  throw new OnrampError(
    'certificate.untrusted',
    `${clientId} is not registered, and the authority names no profile`,
  );
}

/**
 * True when the device is known by this certificate; false when it may be known by it from now on.
 */
function isPinned(
  known: RegisteredDevice,
  presented: PinnedCertificate,
  authorities: readonly StoredAuthority[],
): boolean {
  const pinned = known.certificate;
  if (pinned === null) return false;
  if (pinned.fingerprint !== presented.fingerprint) {
    if (presented.notBeforeMs > pinned.notBeforeMs) return false;
    const since = new Date(pinned.notBeforeMs).toISOString();
    throw new OnrampError('certificate.replaced', `it must be newer than ${since}`);
  }
  if (!authorities.some(({ fingerprint }) => fingerprint === pinned.authority)) {
    throw new OnrampError('certificate.untrusted', `authority ${pinned.authority}`);
  }
  return true;
}
