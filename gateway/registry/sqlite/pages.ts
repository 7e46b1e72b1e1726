/** Pages: checking what is asked for, and whether another follows. */

import { OnrampError } from '../../../model/errors.ts';
import { parseDeviceKey } from '../../../model/identifiers.ts';
import type { Page } from '../registry.ts';

/** Throws `api.bad-request` when a page of `limit` entries cannot be had. */
export function checkLimit(limit: number, max: number): void {
  if (Number.isInteger(limit) && limit >= 1 && limit <= max) return;
  throw new OnrampError('api.bad-request', `limit must be 1 to ${max}`);
}

/**
 * The key behind which a page begins, before all keys when nobody said. Throws `api.bad-request`.
 */
export function keyAfter(after: string | undefined): { enterprise: string; device: string } {
  const key = after === undefined ? { enterprise: '', device: '' } : parseDeviceKey(after);
  if (key !== null) return key;
  throw new OnrampError('api.bad-request', 'after is no key {enterprise}.{id}');
}

/** `found` may hold one more than the page takes, which says that there is a next page. */
export function pageOf<T>(found: readonly T[], limit: number, key: (item: T) => string): Page<T> {
  if (found.length <= limit) return { items: found, next: null };
  const items = found.slice(0, limit);
  return { items, next: key(items.at(-1)!) };
}
