/** Devices, changes of their lives, and the whole audit trail, for tests. */

import { expect } from 'vitest';
import type { AuditEntry, AuditFilter, LifeChange } from '../../../gateway/registry/lives.ts';
import type { Registry } from '../../../gateway/registry/registry.ts';
import type { LifeEvent } from '../../../model/device.ts';

export function change(device: string, event: LifeEvent, atMs = 1000): LifeChange {
  return { enterprise: 'acme', device, event, atMs, cause: `because ${event}`, actor: 'system' };
}

/** Registers `count` devices `d00001` … of `enterprise`. */
export async function register(
  registry: Registry,
  count: number,
  enterprise = 'acme',
): Promise<void> {
  await registry.importDevices(
    (async function* () {
      for (let row = 1; row <= count; row++) {
        const device = `d${String(row).padStart(5, '0')}`;
        yield { row, enterprise, device, profile: 'generic' };
      }
    })(),
  );
}

export async function wholeTrail(
  registry: Registry,
  filter: AuditFilter,
  limit: number,
): Promise<AuditEntry[]> {
  const entries: AuditEntry[] = [];
  let after: string | undefined;
  for (;;) {
    const page = await registry.lives.audit(filter, { after, limit });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    entries.push(...page.items);
    if (page.next === null) return entries;
    after = page.next;
  }
}
