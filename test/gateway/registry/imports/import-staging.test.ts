/**
 * What others change between the checks of an import and its merge, and what comes after the merge.
 */

import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openFurther } from '../../../../gateway/data-folder/sqlite-file.ts';
import {
  Staging,
  type StagingOptions,
} from '../../../../gateway/registry/imports/import-staging.ts';
import type { ImportRow, Registry } from '../../../../gateway/registry/registry.ts';
import { profileOwners } from '../../../../gateway/registry/sqlite/profiles-table.ts';
import { registryFile } from '../../../../gateway/registry/sqlite/schema.ts';
import type { LifeEvent } from '../../../../model/device.ts';
import { secretHash } from '../../../../model/fleet-secret.ts';
import { openEmpty } from '../open.ts';

const generated = 'a secret that was generated';

const row = (device: string, more: Partial<ImportRow> = {}) => ({
  row: 1,
  enterprise: 'acme',
  device,
  profile: 'generic',
  ...(more.secret === undefined ? { secret: generated, generated: true } : {}),
  ...more,
});

function open(options: Partial<StagingOptions> = {}) {
  const { registry, path } = openEmpty();
  const db = openFurther(registryFile(path), 1000);
  onTestFinished(() => db.close());
  const all: StagingOptions = {
    dryRun: false,
    skipBadRows: true,
    existing: 'update',
    enterprise: null,
    fleetKey: null,
    actor: 'operator',
    nowMs: 5,
    ...options,
  };
  /** Imports rows; `meanwhile` happens when they are checked and not yet merged. */
  const run = async (rows: readonly ImportRow[], meanwhile: () => Promise<unknown>) => {
    const staging = new Staging(db, all, profileOwners(db));
    staging.stage(rows.map((each, i) => ({ ...each, row: i + 1 })));
    staging.check();
    await meanwhile();
    return staging.merge();
  };
  return { registry, path, db, run };
}

const add = (registry: Registry, device: string, serial?: string) =>
  registry.add({ enterprise: 'acme', device, profile: 'generic', serial });

const happen = (registry: Registry, device: string, event: LifeEvent) =>
  registry.lives.apply([
    { enterprise: 'acme', device, event, atMs: 7, cause: 'a test', actor: 'test' },
  ]);

describe('what others change after the checks', () => {
  it('refuses a device that was registered meanwhile, and only that', async () => {
    const { registry, run } = open({ existing: 'refuse' });
    const report = await run([row('a'), row('b'), row('c')], () => add(registry, 'b'));
    expect(report).toMatchObject({ added: 2, updated: 0, badRows: 1, committed: true });
    expect(report.errors).toMatchObject([{ row: 2, code: 'registry.exists' }]);
    expect([...report.credited]).toEqual([1, 3]);
    expect((await registry.device('acme', 'b'))!.secretHash).not.toEqual(secretHash(generated));
  });

  it('refuses everything where one bad row does', async () => {
    const { registry, run } = open({ existing: 'refuse', skipBadRows: false });
    const report = await run([row('a'), row('b')], () => add(registry, 'b'));
    expect(report).toMatchObject({ added: 0, badRows: 1, committed: false, changed: [] });
    expect([...report.credited]).toEqual([]);
    expect(await registry.device('acme', 'a')).toBeNull();
  });

  it('updates what was registered meanwhile, without another secret', async () => {
    const { registry, run } = open();
    let secret = '';
    const report = await run([row('a', { district: 'wujin' })], async () => {
      ({ secret } = await add(registry, 'a'));
    });
    expect(report).toMatchObject({ added: 0, updated: 1, changed: ['acme.a'] });
    expect([...report.credited]).toEqual([]);
    expect(await registry.device('acme', 'a')).toMatchObject({
      district: 'wujin',
      secretHash: secretHash(secret),
    });
  });

  it('stays where the row says nothing of it', async () => {
    const { registry, run } = open();
    await add(registry, 'a', 'sn-1');
    let secret = '';
    const report = await run([row('a', { industry: '34' })], async () => {
      await registry.update('acme', 'a', { district: 'wujin', serial: 'sn-2' }, null, 'operator');
      ({ secret } = await registry.resetSecret('acme', 'a'));
      await happen(registry, 'a', 'suspend');
    });
    expect(report).toMatchObject({ updated: 1, badRows: 0 });
    expect(await registry.device('acme', 'a')).toMatchObject({
      district: 'wujin',
      industry: '34',
      serial: 'sn-2',
      state: 'suspended',
      secretHash: secretHash(secret),
    });
    const { items } = await registry.lives.audit({ enterprise: 'acme', device: 'a' }, { limit: 1 });
    expect(items[0]).toMatchObject({ event: 'changed', cause: 'import: industry' });
  });

  it.each<[LifeEvent, string]>([
    ['revoke', 'device.revoked'],
    ['decommission', 'device.revoked'],
  ])('refuses the row of a device after %s', async (event, code) => {
    const { registry, run } = open();
    await add(registry, 'a');
    const before = await registry.device('acme', 'a');
    const rows = [row('a', { secret: 'another secret of a device' }), row('b')];
    const report = await run(rows, () => happen(registry, 'a', event));
    expect(report).toMatchObject({ added: 1, updated: 0, changed: [], errors: [{ row: 1, code }] });
    expect((await registry.device('acme', 'a'))!.secretHash).toEqual(before!.secretHash);
  });

  it('refuses a serial that is taken now, and the devices of a gateway so refused', async () => {
    const { registry, run } = open();
    const rows = [
      row('g', { kind: 'gateway', serial: 'sn-1' }),
      row('behind', { gateway: 'g' }),
      row('free', { serial: 'sn-2' }),
    ];
    const report = await run(rows, () => add(registry, 'a', 'sn-1'));
    expect(report).toMatchObject({ added: 1, badRows: 2 });
    expect(report.errors).toMatchObject([
      { row: 1, code: 'registry.serial-taken' },
      { row: 2, code: 'registry.unknown-gateway' },
    ]);
    expect(await registry.device('acme', 'free')).not.toBeNull();
  });

  it('is looked for among few rows, not in all of them', async () => {
    const { registry, db, run } = open();
    const [prepare, exec] = [db.prepare.bind(db), db.exec.bind(db)];
    const asked: string[] = [];
    await run([row('a', { serial: 'sn-1' })], async () => {
      await add(registry, 'a');
      db.prepare = (sql) => {
        asked.push(sql);
        return prepare(sql);
      };
      db.exec = (sql) => {
        asked.push(sql);
        exec(sql);
      };
    });
    const plans = asked
      .filter((sql) => /stale = 1/.test(sql))
      .map((sql) => prepare(`EXPLAIN QUERY PLAN ${sql}`).all())
      .map((plan) => plan.map(({ detail }) => detail).join('; '));
    expect(plans.length).toBeGreaterThan(5);
    // An index of its own has what is stale, and nothing else is walked.
    for (const plan of plans) {
      expect(
        plan.replaceAll(/SCAN staging USING (COVERING )?INDEX staging_stale/g, ''),
      ).not.toMatch(/SCAN (staging|device|main)/);
    }
  });
});

describe('after very many new serials', () => {
  it('the index of texts is written anew in steps, between which others write', async () => {
    const { registry, path, db } = open();
    const rows = (serial: string) =>
      Array.from({ length: 6000 }, (_, i) => ({
        ...row(`device-${i}`, { serial: `${serial}-${i}` }),
        row: i + 1,
      }));
    const imported = (serial: string) => {
      const connection = openFurther(registryFile(path), 1000);
      onTestFinished(() => connection.close());
      const options = { dryRun: false, skipBadRows: false, existing: 'update' as const };
      const more = { enterprise: null, fleetKey: null, actor: 'operator', nowMs: 5 };
      const staging = new Staging(connection, { ...options, ...more }, profileOwners(connection));
      staging.stage(rows(serial));
      staging.check();
      expect(staging.merge()).toMatchObject({ badRows: 0, committed: true });
      return staging;
    };
    // New devices leave it as it was.
    expect(imported('one').tidy(true)).toBe(false);
    const staging = imported('two');
    // Each write begins a new segment of the index.
    for (let i = 0; i < 3; i++) await add(registry, `after-${i}`);
    const reader = new DatabaseSync(path, { readOnly: true });
    onTestFinished(() => reader.close());
    const segments = () =>
      reader.prepare('SELECT count(DISTINCT segid) AS n FROM device_text_idx').get()!.n as number;
    const before = segments();
    let steps = 1;
    for (let more = staging.tidy(true); more; more = staging.tidy(false)) {
      steps += 1;
      // Nothing waits: this connection gives up at once when another one writes.
      await add(registry, `between-${steps}`);
    }
    expect(steps).toBeGreaterThan(2);
    expect(before).toBeGreaterThan(segments());
    const find = async (text: string) =>
      (await registry.list({ text }, { limit: 10 })).items.map(({ device }) => device);
    expect(await find('two-5999')).toEqual(['device-5999']);
    expect(await find('one-5999')).toEqual([]);
    db.exec("INSERT INTO device_text (device_text) VALUES ('integrity-check')");
  });
});
