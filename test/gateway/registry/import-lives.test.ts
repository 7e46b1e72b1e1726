/** What an import may do to devices that are registered already, and what it leaves behind. */

import { describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../gateway/registry/lives.ts';
import type { ImportProgress, ImportRow, Registry } from '../../../gateway/registry/registry.ts';
import { buildCity } from '../../../model/city.ts';
import { systemClock } from '../../../model/clock.ts';
import type { LifeEvent } from '../../../model/device.ts';
import { openEmpty } from './open.ts';

const row = (number: number, more: Partial<ImportRow> = {}): ImportRow => ({
  row: number,
  enterprise: 'acme',
  device: `d${number}`,
  profile: 'generic',
  ...more,
});

async function* from(rows: Iterable<ImportRow>) {
  yield* rows;
}

const update = { existing: 'update', badRows: 'skip' } as const;

async function happened(registry: Registry, device: string, event: LifeEvent): Promise<void> {
  const atMs = systemClock.nowMs();
  const change = { enterprise: 'acme', device, event, atMs, cause: 'a test', actor: 'system' };
  expect(await registry.lives.apply([change])).not.toContain(null);
}

const stateOf = async (registry: Registry, device: string) =>
  (await registry.get('acme', device))?.state;

async function auditOf(registry: Registry, device?: string): Promise<readonly AuditEntry[]> {
  const page = await registry.lives.audit({ enterprise: 'acme', device }, { limit: 1000 });
  return page.items;
}

describe('the state of a registered device', () => {
  it('survives an import that updates it', async () => {
    const { registry } = openEmpty();
    await registry.importDevices(from([1, 2, 3, 4, 5].map((n) => row(n))));
    await happened(registry, 'd1', 'suspend');
    await happened(registry, 'd2', 'revoke');
    await happened(registry, 'd3', 'decommission');
    await happened(registry, 'd4', 'claim');
    await happened(registry, 'd4', 'reject');
    await happened(registry, 'd5', 'store');
    const before = await registry.device('acme', 'd2');
    const secret = 'a secret that came along';
    const report = await registry.importDevices(
      from([1, 2, 3, 4, 5].map((n) => row(n, { secret, profile: 'agv' }))),
      update,
    );
    expect(report).toMatchObject({ updated: 2, badRows: 3 });
    expect(report.errors).toEqual([
      { row: 2, code: 'device.revoked', detail: 'acme.d2 is revoked' },
      { row: 3, code: 'device.revoked', detail: 'acme.d3 is decommissioned' },
      { row: 4, code: 'device.state-not-allowed', detail: 'acme.d4 is rejected' },
    ]);
    expect(await registry.device('acme', 'd2')).toEqual(before);
    expect(await registry.get('acme', 'd1')).toMatchObject({ state: 'suspended', profile: 'agv' });
    expect(await stateOf(registry, 'd5')).toBe('active');
    // What it was before it was suspended is known too.
    await happened(registry, 'd1', 'resume');
    expect(await stateOf(registry, 'd1')).toBe('registered');
  });

  it('survives an import that was running when it changed', async () => {
    const { registry } = openEmpty();
    await registry.importDevices(from([row(1), row(2)]));
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    async function* slow() {
      yield row(1, { profile: 'agv' });
      yield row(2, { profile: 'agv' });
      await gate;
      yield row(3);
    }
    const running = registry.importDevices(slow(), update);
    await happened(registry, 'd1', 'revoke');
    await happened(registry, 'd2', 'suspend');
    go();
    expect(await running).toMatchObject({
      added: 1,
      updated: 1,
      errors: [{ row: 1, code: 'device.revoked' }],
      changed: ['acme.d2'],
    });
    expect(await registry.get('acme', 'd1')).toMatchObject({
      state: 'revoked',
      profile: 'generic',
    });
    expect(await registry.get('acme', 'd2')).toMatchObject({ state: 'suspended', profile: 'agv' });
  });

  it('survives a city that is imported again', async () => {
    const { registry } = openEmpty();
    const city = buildCity({ seed: 3, enterprises: 5, devices: 20, sensors: false });
    await registry.importCity(city, Buffer.alloc(32, 1));
    const [first] = city.devices();
    const { enterprise, device } = first!;
    const revoked = {
      enterprise,
      device,
      event: 'revoke',
      atMs: 1,
      cause: '',
      actor: 'x',
    } as const;
    await registry.lives.apply([revoked]);
    const again = await registry.importCity(city, Buffer.alloc(32, 2));
    expect(again).toMatchObject({ badRows: 1, updated: 19, errors: [{ code: 'device.revoked' }] });
    expect(again.changed).toHaveLength(19);
    expect((await registry.get(enterprise, device))?.state).toBe('revoked');
  });
});

describe('the serials of an enterprise', () => {
  it('are not given twice: not in the file, and not besides the registry', async () => {
    const { registry } = openEmpty();
    await registry.add({ enterprise: 'acme', device: 'old', profile: 'agv', serial: 'sn-1' });
    await registry.importDevices(from([row(20, { serial: 'sn-20' })]));
    const rows = [
      row(2, { serial: 'sn-1' }),
      row(3, { serial: 'sn-3' }),
      row(4, { serial: 'sn-3' }),
      row(5, { serial: 'sn-3', enterprise: 'bolt' }),
      row(6, { serial: 'sn-20', device: 'd20' }),
      row(7, { device: 'old', profile: 'agv', serial: 'sn-7' }),
    ];
    const report = await registry.importDevices(from(rows), update);
    expect(report).toMatchObject({ added: 2, updated: 2, badRows: 2, changed: [] });
    expect(report.errors).toEqual([
      {
        row: 2,
        code: 'registry.serial-taken',
        detail: 'sn-1 is the serial of acme.old (registered)',
      },
      { row: 4, code: 'registry.serial-taken', detail: 'serial sn-3 is already in row 3' },
    ]);
    expect((await registry.get('acme', 'old'))?.serial).toBe('sn-7');
  });

  it('are not exchanged in one file', async () => {
    const { registry } = openEmpty();
    await registry.importDevices(from([row(1, { serial: 'a' }), row(2, { serial: 'b' })]));
    const rows = [row(1, { serial: 'b' }), row(2, { serial: 'a' })];
    const report = await registry.importDevices(from(rows), { existing: 'update' });
    expect(report).toMatchObject({ badRows: 2, committed: false });
    expect((await registry.get('acme', 'd1'))?.serial).toBe('a');
  });

  it('count as an error before a gateway that is refused for one', async () => {
    const { registry } = openEmpty();
    const rows = [
      row(1, { serial: 'a' }),
      row(2, { device: 'edge', kind: 'gateway', serial: 'a' }),
      row(3, { gateway: 'edge' }),
    ];
    const { errors } = await registry.importDevices(from(rows), { badRows: 'skip' });
    expect(errors.map(({ row: number, code }) => [number, code])).toEqual([
      [2, 'registry.serial-taken'],
      [3, 'registry.unknown-gateway'],
    ]);
  });
});

describe('what an import leaves behind', () => {
  it('names the devices whose sessions must begin anew', async () => {
    const { registry } = openEmpty();
    const edge = row(9, { device: 'edge', kind: 'gateway' });
    const secret = 'a secret that came along';
    await registry.importDevices(
      from([edge, ...[1, 2, 3, 4, 5, 6].map((n) => row(n, { secret }))]),
    );
    const other = 'another secret that came';
    const changes = [
      row(1, { secret: other }),
      row(2, { profile: 'agv' }),
      row(3, { gateway: 'edge' }),
      row(4, { district: 'wujin' }),
      row(5, { serial: 'sn-5' }),
      row(6, { secret }),
      row(7),
    ];
    const dry = await registry.importDevices(from(changes), { ...update, dryRun: true });
    expect(dry).toMatchObject({ added: 1, updated: 6, changed: [] });
    const report = await registry.importDevices(from(changes), update);
    expect(report.changed).toEqual(['acme.d1', 'acme.d2', 'acme.d3', 'acme.d4']);
    const revisions = await Promise.all(
      changes.map(async ({ device }) => (await registry.get('acme', device))?.revision),
    );
    expect(revisions).toEqual([2, 2, 2, 2, 2, 1, 1]);
  });

  it('writes the audit trail: what was added, what was changed and how', async () => {
    const { registry } = openEmpty();
    await registry.importDevices(from([row(1), row(2)]), { actor: 'token:t1' });
    await registry.importDevices(from([row(1, { profile: 'agv', serial: 's' }), row(2)]), {
      ...update,
      actor: 'token:t2',
    });
    const entries = (await auditOf(registry)).map(({ device, event, to, cause, actor }) => [
      device,
      event,
      to,
      cause,
      actor,
    ]);
    expect(entries).toEqual([
      ['d1', 'changed', null, 'import: profile, serial', 'token:t2'],
      ['d2', 'register', 'registered', 'import', 'token:t1'],
      ['d1', 'register', 'registered', 'import', 'token:t1'],
      [null, 'enterprise-added', null, 'import', 'token:t1'],
    ]);
  });

  it('leaves nothing when it was refused', async () => {
    const { registry } = openEmpty();
    await registry.importDevices(from([row(1), row(2, { profile: 'none' })]));
    expect(await auditOf(registry)).toEqual([]);
  });

  it('keeps the clock of a credential unless it brings another secret', async () => {
    const { registry } = openEmpty();
    await registry.importDevices(from([row(1), row(2)]));
    for (const device of ['d1', 'd2']) {
      await happened(registry, device, 'claim');
      await happened(registry, device, 'issue');
    }
    const rows = [row(1, { secret: 'a secret that came along' }), row(2, { district: 'wujin' })];
    expect(await registry.importDevices(from(rows), update)).toMatchObject({ updated: 2 });
    const expired = await registry.lives.expireUnused(Number.MAX_SAFE_INTEGER, 1);
    expect(expired.map(({ device }) => device)).toEqual(['d2']);
  });

  it('takes away the group that a new secret does not derive from', async () => {
    const { registry } = openEmpty();
    const { entry } = await registry.groupKeys.create(
      { enterprise: 'acme', name: 'line 1', profile: 'generic' },
      'operator',
    );
    const derived = { device: 'd1', secret: 'derived from the group key', nowMs: 1 };
    await registry.groupKeys.enrol({ enterprise: 'acme', group: entry.id, ...derived });
    await registry.importDevices(from([row(1, { district: 'wujin' })]), update);
    expect((await registry.device('acme', 'd1'))?.group).toBe(entry.id);
    await registry.importDevices(from([row(1, { secret: 'another secret that came' })]), update);
    expect((await registry.device('acme', 'd1'))?.group).toBeNull();
  });
});

it('is seen while it runs', async () => {
  const { registry } = openEmpty();
  const seen: (ImportProgress | null)[] = [registry.importing];
  async function* rows() {
    for (let n = 1; n <= 1200; n++) {
      if (n === 1001) seen.push(registry.importing);
      yield row(n);
    }
  }
  const running = registry.importDevices(rows());
  while (registry.importing?.phase !== 'merging') {
    await new Promise((resolve) => setImmediate(resolve));
  }
  seen.push(registry.importing);
  await running;
  seen.push(registry.importing);
  expect(seen).toEqual([
    null,
    { phase: 'reading', rows: 1000 },
    { phase: 'merging', rows: 1200 },
    null,
  ]);
});
