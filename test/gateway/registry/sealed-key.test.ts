import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sealedKey, unsealedKey } from '../../../gateway/registry/sealed-key.ts';
import { errorCodeOf } from '../../../model/errors.ts';

const sealKey = Buffer.alloc(32, 1);
const owner = { enterprise: 'acme', id: 'line-2' };

function failure(body: () => unknown) {
  try {
    body();
  } catch (error) {
    return errorCodeOf(error);
  }
  return 'it did not fail';
}

describe('a sealed key', () => {
  it('comes back for its owner, and nothing of it can be read before', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 128 }), (bytes) => {
        const key = Buffer.from(bytes);
        const sealed = sealedKey(sealKey, owner, key);
        expect(sealed).toHaveLength(12 + key.length + 16);
        expect(sealed.includes(key.subarray(0, 32))).toBe(false);
        expect(unsealedKey(sealKey, owner, sealed)).toEqual(key);
      }),
    );
  });

  it('is another one each time', () => {
    const key = Buffer.alloc(64, 2);
    expect(sealedKey(sealKey, owner, key)).not.toEqual(sealedKey(sealKey, owner, key));
  });

  it('cannot be opened when a bit of it, the sealing key or the owner is another', () => {
    const sealed = sealedKey(sealKey, owner, Buffer.alloc(64, 2));
    for (let i = 0; i < sealed.length; i++) {
      const changed = Buffer.from(sealed);
      changed[i]! ^= 1;
      expect(failure(() => unsealedKey(sealKey, owner, changed))).toBe('group.key-unreadable');
    }
    for (const length of [0, 11, 12, 27, 28, sealed.length - 1]) {
      const cut = sealed.subarray(0, length);
      expect(failure(() => unsealedKey(sealKey, owner, cut))).toBe('group.key-unreadable');
    }
    const otherKey = Buffer.alloc(32, 3);
    expect(failure(() => unsealedKey(otherKey, owner, sealed))).toBe('group.key-unreadable');
    for (const other of [
      { enterprise: 'other', id: 'line-2' },
      { enterprise: 'acme', id: 'line-3' },
    ]) {
      expect(failure(() => unsealedKey(sealKey, other, sealed))).toBe('group.key-unreadable');
    }
  });
});
