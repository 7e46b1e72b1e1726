/** How a key that is needed in the clear is kept in the registry's file: encrypted. */

import { createCipheriv, createDecipheriv } from 'node:crypto';
import { OnrampError } from '../../model/errors.ts';
import { secretBytes } from '../../model/random.ts';

const algorithm = 'aes-256-gcm';
/** NIST SP 800-38D §8.2: 96 bits, random; far fewer than 2^32 keys are ever sealed (§8.3). */
const nonceBytes = 12;
const tagBytes = 16;

/** Whose key it is: it can only be unsealed as the same one's. */
export interface KeyOwner {
  readonly enterprise: string;
  readonly id: string;
}

/** Encrypts `key` under the 32 bytes of `sealKey`: nonce, ciphertext and tag of AES-256-GCM. */
export function sealedKey(sealKey: Buffer, owner: KeyOwner, key: Buffer): Buffer {
  const nonce = secretBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, sealKey, nonce, { authTagLength: tagBytes });
  cipher.setAAD(boundTo(owner));
  return Buffer.concat([nonce, cipher.update(key), cipher.final(), cipher.getAuthTag()]);
}

/**
 * Decrypts what `sealedKey` made for the same owner. Throws `group.key-unreadable` when it was
 * sealed under another key or for another owner, or was changed since.
 */
export function unsealedKey(sealKey: Buffer, owner: KeyOwner, sealed: Uint8Array): Buffer {
  try {
    const nonce = sealed.subarray(0, nonceBytes);
    const decipher = createDecipheriv(algorithm, sealKey, nonce, { authTagLength: tagBytes });
    decipher.setAAD(boundTo(owner));
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    const text = decipher.update(sealed.subarray(nonceBytes, -tagBytes));
    return Buffer.concat([text, decipher.final()]);
  } catch (error) {
    throw new OnrampError('group.key-unreadable', `${owner.enterprise}/${owner.id}`, error);
  }
}

function boundTo({ enterprise, id }: KeyOwner): Buffer {
  return Buffer.from(`${enterprise}/${id}`);
}
