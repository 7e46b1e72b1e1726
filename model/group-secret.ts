/** Secrets that derive from the key of a group, so that a factory need not ask for each. */

import { createHmac } from 'node:crypto';

/**
 * The secret of the device `registrationId`: Base64 of HMAC-SHA256 (RFC 2104) with the group's key,
 * as in the symmetric-key group enrolment of Azure IoT's Device Provisioning Service, so that tools
 * which derive keys for it serve here too. The registration id is the device's id.
 */
export function groupSecret(key: Buffer, registrationId: string): string {
  return createHmac('sha256', key).update(registrationId).digest('base64');
}
