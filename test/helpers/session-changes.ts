/** What happens to sessions, one by one, and as the batch that crosses to the supervisor. */

import { type SessionBatch, SessionBatcher } from '../../gateway/processes/session-batch.ts';

export type SessionChange =
  | { readonly opened: number; readonly client: string; readonly atMs: number }
  | { readonly closed: number };

export function batchOf(changes: readonly SessionChange[]): SessionBatch {
  const batcher = new SessionBatcher();
  for (const change of changes) {
    if ('closed' in change) batcher.closed(change.closed);
    else batcher.opened(change.opened, change.client, change.atMs);
  }
  return batcher.take(changes.length) ?? { numbers: [], clients: [], openedAtMs: [] };
}
