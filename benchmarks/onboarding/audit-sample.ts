/** Whether the audit trail tells the whole way on board of a few devices. */

import type { AuditReport } from '../../model/report.ts';
import type { GatewayClient } from '../gateway-client.ts';

/** What happens to every machine that comes with a claim (`LifeEvent`), in this order. */
const wayOnBoard = ['register', 'claim', 'issue', 'connect', 'store'] as const;

/** A device as the ledger names it. */
interface Named {
  readonly enterprise: string;
  readonly device: string;
}

/** Reads the trails of `samples` devices, spread over all of them. */
export async function auditSample(
  client: GatewayClient,
  devices: readonly Named[],
  samples: number,
): Promise<AuditReport> {
  const sampled = Math.min(samples, devices.length);
  let complete = 0;
  for (let i = 0; i < sampled; i++) {
    const { enterprise, device } = devices[Math.floor((i * devices.length) / sampled)]!;
    const path = `/api/v1/devices/${enterprise}.${device}/audit?limit=100`;
    const { items } = (await client.get(path)) as { items: { event: string }[] };
    const events = items.map(({ event }) => event).reverse();
    if (tellsWayOnBoard(events)) complete++;
  }
  return { sampled, complete };
}

/** True when `events`, oldest first, hold every step in its order; others may lie between. */
export function tellsWayOnBoard(events: readonly string[]): boolean {
  let at = 0;
  for (const event of events) if (event === wayOnBoard[at]) at++;
  return at === wayOnBoard.length;
}
