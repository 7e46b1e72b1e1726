import { describe, expect, it } from 'vitest';
import { readDevicesCsv } from '../../../gateway/registry/imports/import-format.ts';
import type { ImportOptions, ImportRow, RowError } from '../../../gateway/registry/registry.ts';
import { buildCity } from '../../../model/city.ts';
import { fleetSecret, secretHash } from '../../../model/fleet-secret.ts';
import { limits } from '../../../model/limits.ts';
import { failureOf, openEmpty } from './open.ts';

const row = (number: number, more: Partial<ImportRow> = {}): ImportRow => ({
  row: number,
  enterprise: 'acme',
  device: `d${number}`,
  profile: 'generic',
  ...more,
});

async function* from(rows: Iterable<ImportRow | RowError>) {
  yield* rows;
}

function* many(count: number, ...bad: readonly number[]) {
  for (let i = 1; i <= count; i++) yield row(i, bad.includes(i) ? { enterprise: 'ACME' } : {});
}

describe('importing devices', () => {
  it('adds them, with their gateways in any order, and returns the secrets it made', async () => {
    const { registry } = openEmpty();
    const secret = 'a secret that came along';
    const report = await registry.importDevices(
      from([
        row(2, { gateway: 'edge', district: 'wujin', industry: '34', serial: 'sn-1' }),
        row(3, { secret }),
        row(4, { device: 'edge', kind: 'gateway', profile: undefined }),
      ]),
    );
    expect(report).toMatchObject({ rows: 3, added: 3, updated: 0, badRows: 0, committed: true });
    expect(report.credentials.map((credential) => credential.device).sort()).toEqual([
      'd2',
      'edge',
    ]);
    for (const { enterprise, device, secret: made } of report.credentials) {
      const found = await registry.device(enterprise, device);
      expect(found!.secretHash).toEqual(secretHash(made));
    }
    expect((await registry.device('acme', 'd3'))!.secretHash).toEqual(secretHash(secret));
    expect(await registry.get('acme', 'd2')).toMatchObject({
      gateway: 'edge',
      district: 'wujin',
      industry: '34',
      serial: 'sn-1',
    });
    // The enterprise is new: it has the place that its first rows name.
    expect(await registry.get('acme', 'd3')).toMatchObject({ district: 'wujin', industry: '34' });
  });

  it('refuses everything for 5 bad rows among 100,000, and says which; or skips them', async () => {
    const { registry } = openEmpty();
    const bad = [1, 50_000, 77_777, 99_999, 100_000];
    const report = await registry.importDevices(from(many(100_000, ...bad)));
    expect(report).toMatchObject({ rows: 100_000, added: 0, badRows: 5, committed: false });
    expect(report.errors).toEqual(
      bad.map((number) => ({
        row: number,
        code: 'registry.id-invalid',
        detail: 'enterprise "ACME"',
      })),
    );
    expect(report.credentials).toEqual([]);
    expect(await registry.counts()).toMatchObject({ enterprises: 0, devices: 0 });

    const skipping = await registry.importDevices(from(many(100_000, ...bad)), { badRows: 'skip' });
    expect(skipping).toMatchObject({ added: 99_995, badRows: 5, committed: true });
    expect(skipping.errors).toEqual(report.errors);
    expect(skipping.credentials).toHaveLength(99_995);
    expect(await registry.counts()).toMatchObject({ devices: 99_995 });
  });

  it('names every kind of bad row', async () => {
    const { registry } = openEmpty();
    await registry.add({ enterprise: 'acme', device: 'taken', profile: 'generic' });
    await registry.addProfile(
      { id: 'bolt.press', name: { zh: 'p', en: 'p' }, production: true, signals: [] },
      'bolt',
    );
    const report = await registry.importDevices(
      from([
        { row: 2, code: 'registry.row-invalid', detail: 'unknown column' },
        row(3),
        row(4, { device: 'd3' }),
        row(5, { device: 'taken' }),
        row(6, { gateway: 'd3' }),
        row(7, { profile: 'bolt.press' }),
        row(8, { secret: 'short' }),
        row(9, { device: '__proto__' }),
        row(10, { device: 'x'.repeat(5000) }),
        row(11, { enterprise: 'bolt', device: 'taken' }),
      ]),
      { badRows: 'skip' },
    );
    expect(report).toMatchObject({ rows: 10, added: 3, badRows: 7 });
    expect(report.errors.map(({ row: number, code }) => [number, code])).toEqual([
      [2, 'registry.row-invalid'],
      [4, 'registry.row-invalid'],
      [5, 'registry.exists'],
      [6, 'registry.unknown-gateway'],
      [7, 'registry.unknown-profile'],
      [8, 'registry.secret-too-short'],
      [10, 'registry.id-invalid'],
    ]);
    expect(report.errors[1]!.detail).toBe('acme.d3 is already in row 3');
    expect(JSON.stringify(report.errors).length).toBeLessThan(2000);
    // An id of underscores is an id like any other.
    expect(await registry.get('acme', '__proto__')).not.toBeNull();
  });

  it('lists the first bad rows only, and counts all', async () => {
    const { registry } = openEmpty();
    const rows = Array.from({ length: 5000 }, (_, i) => row(i + 1, { profile: 'none' }));
    const report = await registry.importDevices(from(rows));
    expect(report.badRows).toBe(5000);
    expect(report.errors.map((error) => error.row)).toEqual(
      Array.from({ length: limits.importErrorsMax }, (_, i) => i + 1),
    );
  });

  it('changes nothing in a dry run and says what it would do', async () => {
    const { registry } = openEmpty();
    await registry.importDevices(from([row(1)]));
    const before = await registry.version();
    const options: ImportOptions = { dryRun: true, existing: 'update' };
    const report = await registry.importDevices(from([row(1), row(2)]), options);
    expect(report).toMatchObject({ added: 1, updated: 1, committed: false, credentials: [] });
    expect(await registry.version()).toBe(before);
  });

  it('updates what is registered when asked to, and leaves what a row leaves empty', async () => {
    const { registry } = openEmpty();
    const first = await registry.importDevices(
      from([row(1, { serial: 'sn-1', district: 'wujin' }), row(2)]),
    );
    const secret = 'a secret that came along';
    const second = await registry.importDevices(
      from([row(1, { profile: 'agv' }), row(2, { secret, district: 'xinbei' })]),
      { existing: 'update' },
    );
    expect(second).toMatchObject({ added: 0, updated: 2, committed: true, credentials: [] });
    const kept = first.credentials.find((credential) => credential.device === 'd1')!.secret;
    expect(await registry.device('acme', 'd1')).toMatchObject({
      profile: 'agv',
      serial: 'sn-1',
      district: 'wujin',
      secretHash: secretHash(kept),
    });
    expect(await registry.device('acme', 'd2')).toMatchObject({
      district: 'xinbei',
      secretHash: secretHash(secret),
    });
    const kind = await registry.importDevices(from([row(1, { kind: 'gateway' })]), {
      existing: 'update',
    });
    expect(kind.errors).toMatchObject([{ code: 'registry.exists' }]);
  });

  it('keeps to one enterprise when told to', async () => {
    const { registry } = openEmpty();
    const report = await registry.importDevices(from([row(1), row(2, { enterprise: 'bolt' })]), {
      enterprise: 'acme',
      badRows: 'skip',
    });
    expect(report.errors).toEqual([
      { row: 2, code: 'registry.row-invalid', detail: 'enterprise "bolt" is not acme' },
    ]);
    expect(await registry.enterprise('bolt')).toBeNull();
  });

  it('imports nothing when the rows break off, and can import again', async () => {
    const { registry } = openEmpty();
    async function* broken() {
      yield* many(2500);
      throw new Error('the connection was lost');
    }
    await expect(registry.importDevices(broken())).rejects.toThrow('the connection was lost');
    expect(await registry.counts()).toMatchObject({ devices: 0 });
    expect(await registry.importDevices(from([row(1)]))).toMatchObject({ added: 1 });
  });

  it('refuses a second import meanwhile, but not other changes', async () => {
    const { registry } = openEmpty();
    let go = () => {};
    const gate = new Promise<void>((resolve) => {
      go = resolve;
    });
    async function* slow() {
      yield row(1);
      await gate;
      yield row(2);
    }
    const running = registry.importDevices(slow());
    const second = registry.importDevices(from([row(3)]));
    expect((await failureOf(second)).code).toBe('registry.import-running');
    await registry.add({ enterprise: 'acme', device: 'd2', profile: 'generic' });
    go();
    expect(await running).toMatchObject({
      committed: false,
      errors: [{ row: 2, code: 'registry.exists' }],
    });
  });

  it('lets other work go on, also when the file is one buffer and while it merges', async () => {
    const { registry } = openEmpty();
    const count = 30_000;
    const lines = Array.from({ length: count }, (_, i) => `acme,device-${i},generic\n`);
    const file = Buffer.from(`enterprise,device,profile\n${lines.join('')}`);
    let running = true;
    const imported = registry.importDevices(readDevicesCsv([file])).finally(() => {
      running = false;
    });
    let added = 0;
    while (running) {
      await new Promise((resolve) => setImmediate(resolve));
      await registry.add({ enterprise: 'bolt', device: `b${added}`, profile: 'generic' });
      added += 1;
    }
    expect(await imported).toMatchObject({ added: count, committed: true });
    // At least a turn of the event loop for each batch.
    expect(added).toBeGreaterThanOrEqual(count / 1000);
    expect(await registry.counts()).toMatchObject({ devices: count + added });
  });

  it('ends with the registry', async () => {
    const { registry } = openEmpty();
    async function* endless() {
      for (let i = 1; ; i++) yield row(i);
    }
    const running = failureOf(registry.importDevices(endless()));
    await new Promise((resolve) => setTimeout(resolve, 200));
    await registry.close();
    expect((await running).code).toBe('database.unavailable');
  });
});

describe('importing a city', () => {
  const fleetKey = Buffer.alloc(32, 7);
  const city = buildCity({ seed: 3, enterprises: 50, devices: 600, sensors: true });

  it('registers every device with the secret its simulator derives', async () => {
    const { registry } = openEmpty();
    const report = await registry.importCity(city, fleetKey);
    expect(report).toMatchObject({ added: city.deviceCount, badRows: 0, committed: true });
    for (const device of city.devices()) {
      const found = await registry.device(device.enterprise, device.device);
      expect(found).toMatchObject({ profile: device.profile, district: device.district });
      const secret = fleetSecret(fleetKey, device.enterprise, device.device);
      expect(found!.secretHash).toEqual(secretHash(secret));
    }
    const counts = await registry.counts();
    expect(counts).toMatchObject({ enterprises: 50, productionDevices: 600, gateways: 0 });
    const [first] = city.enterprises;
    expect(await registry.enterprise(first!.id)).toMatchObject({
      name: first!.name,
      park: first!.park,
      devices: first!.devices,
    });
  });

  it('can be repeated, with another key and with gateways', async () => {
    const { registry } = openEmpty();
    await registry.importCity(city, Buffer.alloc(32, 1));
    const again = await registry.importCity(city, fleetKey, 'gw');
    expect(again).toMatchObject({ added: 50, updated: city.deviceCount, badRows: 0 });
    const [device] = city.devices();
    const found = await registry.device(device!.enterprise, device!.device);
    expect(found).toMatchObject({
      gateway: 'gw',
      secretHash: secretHash(fleetSecret(fleetKey, device!.enterprise, device!.device)),
    });
    expect(await registry.device(device!.enterprise, 'gw')).toMatchObject({
      kind: 'gateway',
      secretHash: secretHash(fleetSecret(fleetKey, device!.enterprise, 'gw')),
    });
  });

  it('leaves devices alone that were registered otherwise', async () => {
    const { registry } = openEmpty();
    const [mine, reset] = city.devices();
    const own = await registry.add({ ...mine!, profile: 'generic' });
    await registry.importCity(city, fleetKey);
    const changed = await registry.resetSecret(reset!.enterprise, reset!.device);
    const report = await registry.importCity(city, fleetKey);
    expect(report).toMatchObject({ badRows: 2, committed: true });
    expect(report.errors.map((error) => error.code)).toEqual([
      'registry.exists',
      'registry.exists',
    ]);
    for (const { enterprise, device, secret } of [own, changed]) {
      expect((await registry.device(enterprise, device))!.secretHash).toEqual(secretHash(secret));
    }
  });
});
