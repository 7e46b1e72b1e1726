/** Established connections as the kernel counts them. */

import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';

/** `st` of `/proc/net/tcp` (Linux include/net/tcp_states.h). */
const established = '01';

const tables = ['/proc/net/tcp', '/proc/net/tcp6'];

/**
 * Connections whose local port is one of `ports`, in this network namespace: the accepted side of a
 * listener on this machine. Null where the kernel does not tell (no `/proc`).
 */
export async function establishedConnections(ports: ReadonlySet<number>): Promise<number | null> {
  try {
    const counts = await Promise.all(tables.map((table) => countIn(table, ports)));
    return counts.reduce((sum, count) => sum + count, 0);
  } catch {
    return null;
  }
}

/** Lines of `sl local_address rem_address st …`, addresses as `hex:hexport` (proc(5)). */
async function countIn(table: string, ports: ReadonlySet<number>): Promise<number> {
  let count = 0;
  for await (const line of createInterface({ input: createReadStream(table) })) {
    const [, local = '', , state] = line.trim().split(/\s+/, 4);
    if (state !== established) continue;
    if (ports.has(Number.parseInt(local.slice(local.indexOf(':') + 1), 16))) count++;
  }
  return count;
}
