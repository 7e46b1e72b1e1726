/** Secrets that the registry makes. */

import { secretBytes } from '../../model/random.ts';

const secretByteCount = 32;

/** A new secret: 256 random bits as base64url. */
export function generateSecret(): string {
  return secretBytes(secretByteCount).toString('base64url');
}
