/** What a way in promises: it checks what a CONNECT presents, and says who that is. */

import type { ConnectAttempt, ConnectRefusal, Principal } from '../../../broker/access.ts';
import type { Clock } from '../../../model/clock.ts';
import { type DeviceState, mayConnect } from '../../../model/device.ts';
import { type ErrorCode, OnrampError } from '../../../model/errors.ts';
import { deviceKey } from '../../../model/identifiers.ts';
import type { Ask } from '../../onboarding/questions.ts';
import type { RegisteredDevice, RegistryReader } from '../../registry/registry.ts';

export interface WayContext {
  readonly registry: RegistryReader;
  readonly ask: Ask;
  readonly clock: Clock;
}

/** Who was let in. */
export interface Admission {
  readonly accepted: true;
  readonly principal: Principal;
  /** The device or gateway; null for a claim. */
  readonly registered: RegisteredDevice | null;
  /** On the monotonic clock, when the look-up began whose answer let it in. */
  readonly lookedUpAtMs: number;
}

/**
 * Checks one kind of credential. Null when there is nobody of that name for this way: the next one
 * may know it. The state of a device is told only to who has shown its credential. Rejects when the
 * registry cannot be read.
 */
export type Way = (
  attempt: ConnectAttempt,
  context: WayContext,
) => Promise<Admission | ConnectRefusal | null>;

/** A refusal with the return code of MQTT 3.1.1 §3.2.2.3 that fits it. */
export function refused(
  code: ErrorCode,
  returnCode: ConnectRefusal['returnCode'],
  detail = '',
): ConnectRefusal {
  return { accepted: false, code, returnCode, detail };
}

/** The user name, client id or password of a CONNECT is not what a credential needs. */
export const badCredentials: ConnectRefusal = refused('connect.bad-credentials', 4);

/** Lets a device in whose credential was verified, if its client id and its state allow it. */
export function admitted(
  attempt: ConnectAttempt,
  registered: RegisteredDevice,
  lookedUpAtMs: number,
): Admission | ConnectRefusal {
  const { enterprise, device, kind, state } = registered;
  if (attempt.clientId !== deviceKey(enterprise, device)) {
    return refused('connect.client-id-mismatch', 2, attempt.clientId);
  }
  const barred = stateRefusal(state);
  if (barred !== null) return refused(barred, 5, state);
  const principal: Principal = { kind, enterprise, subject: device };
  return { accepted: true, principal, registered, lookedUpAtMs };
}

/** Why a device in this state is shut out, or null when it is not. */
export function stateRefusal(
  state: DeviceState,
): 'device.suspended' | 'device.revoked' | 'device.credential-expired' | null {
  if (mayConnect(state)) return null;
  if (state === 'suspended') return 'device.suspended';
  return state === 'revoked' || state === 'decommissioned'
    ? 'device.revoked'
    : 'device.credential-expired';
}

/** The supervisor's refusal of a question as a refusal of the CONNECT; any other error goes on. */
export function refusalOf(error: unknown): ConnectRefusal {
  if (!(error instanceof OnrampError)) throw error;
  return refused(error.code, error.retry ? 3 : 5, error.details.join('; '));
}
