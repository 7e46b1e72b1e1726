/** Tells whoever watches a device what its connection does. */

import type { ConnectAttempt, Principal } from '../../broker/access.ts';
import type { Refused } from '../../broker/front-door.ts';
import type { Session } from '../../broker/session.ts';
import { parseUsername } from '../../model/dialects/native.ts';
import { claimedSerial, parseClaimUsername } from '../../model/dialects/native-provisioning.ts';
import type { ErrorCode } from '../../model/errors.ts';
import { deviceKey, parseDeviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { DeviceEventKind, DeviceEventTap } from '../device-events/device-event.ts';
import { presentsCertificate } from './ways-in/client-certificate.ts';

/** The key of whom a session acts for; a claim's is that of the device its serial may become. */
export function keyOf({ enterprise, subject }: Principal): string {
  return deviceKey(enterprise, subject);
}

/** Events of sessions; nothing is done for devices that nobody watches. */
export class SessionEvents {
  readonly #tap: DeviceEventTap;

  constructor(tap: DeviceEventTap) {
    this.#tap = tap;
  }

  connected(session: Session): void {
    if (!this.#tap.active) return;
    this.#note(keyOf(session.principal), 'connected', null, session.remoteAddress);
  }

  disconnected(session: Session, code: ErrorCode | null): void {
    if (this.#tap.active) this.#note(keyOf(session.principal), 'disconnected', code, '');
  }

  refused({ attempt, code, detail, session }: Refused): void {
    if (!this.#tap.active) return;
    const key = session !== null ? keyOf(session.principal) : attempt && claimedKey(attempt);
    if (key !== null) this.#note(key, 'refused', code, detail);
  }

  #note(key: string, kind: DeviceEventKind, code: ErrorCode | null, detail: string): void {
    if (!this.#tap.watches(key)) return;
    this.#tap.note({ key, kind, code, detail: detail.slice(0, limits.textCharsMax) });
  }
}

/** Whom a CONNECT says to be, proved or not; null when it names nobody. */
function claimedKey(attempt: ConnectAttempt): string | null {
  const { clientId, username = '' } = attempt;
  const claim = parseClaimUsername(username);
  if (claim !== null) {
    const serial = claimedSerial(clientId, claim.enterprise);
    return serial === null ? null : deviceKey(claim.enterprise, serial);
  }
  const name = parseUsername(username);
  if (name !== null) return deviceKey(name.enterprise, name.subject);
  return presentsCertificate(attempt) && parseDeviceKey(clientId) !== null ? clientId : null;
}
