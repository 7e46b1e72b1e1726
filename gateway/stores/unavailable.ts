/** A failed exchange with a store as the result of a write. */

import { errorCodeOf, messageOf } from '../../model/errors.ts';
import type { WriteResult } from './store.ts';

/** `unavailable`, with the code of `error` when it tells what has to be mended. */
export function unavailable(error: unknown): WriteResult {
  const reason = messageOf(error);
  const code = errorCodeOf(error);
  return code === 'store.unauthorized' || code === 'store.limits-too-small'
    ? { status: 'unavailable', reason, code }
    : { status: 'unavailable', reason };
}
