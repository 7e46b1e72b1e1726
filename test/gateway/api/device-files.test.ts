/** Many devices over HTTP: import, city, export. */

import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildCity } from '../../../model/city.ts';
import { fleetSecret, secretHash } from '../../../model/fleet-secret.ts';
import { limits } from '../../../model/limits.ts';
import { ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeEach(() => {
  world = new ApiWorld();
});
afterEach(() => world.close());

const importing = (payload: string | Readable, query = '', type = 'text/csv') =>
  world.ask('POST', `/api/v1/devices/import${query}`, {
    payload,
    headers: { 'content-type': type },
  });

const good = 'enterprise,device,profile\nacme,a,generic\nacme,b,env-sensor\n';
const oneBad = `${good}acme,C!,generic\n`;

async function count(): Promise<number> {
  return (await world.context.registry.counts()).devices;
}

describe('POST /api/v1/devices/import', () => {
  it('imports a CSV and answers the generated secrets', async () => {
    const report = (await importing(good)).json();
    expect(report).toMatchObject({ rows: 2, added: 2, badRows: 0, committed: true });
    const [first] = report.credentials;
    const device = await world.context.registry.device('acme', 'a');
    expect(secretHash(first.secret)).toEqual(device?.secretHash);
  });

  it('imports JSON that arrives in pieces', async () => {
    const rows = JSON.stringify([
      { enterprise: 'acme', device: 'a', profile: 'generic' },
      { enterprise: 'acme', device: 'b', profile: 'generic' },
    ]);
    const pieces = Readable.from(rows.match(/.{1,7}/g) ?? []);
    const answer = await importing(pieces, '', 'application/json');
    expect(answer.json()).toMatchObject({ added: 2, committed: true });
  });

  it('refuses all for one bad row, and names it', async () => {
    const answer = await importing(oneBad);
    expect(answer.statusCode).toBe(422);
    const { code, details, report } = answer.json();
    expect(code).toBe('registry.import-invalid');
    expect(details[0]).toMatch(/^row 4: registry\.id-invalid: /);
    expect(report).toMatchObject({ rows: 3, badRows: 1, committed: false, credentials: [] });
    expect(await count()).toBe(0);
  });

  it('skips bad rows when asked to', async () => {
    const answer = await importing(oneBad, '?badRows=skip');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ added: 2, badRows: 1, committed: true });
  });

  it('changes nothing in a dry run', async () => {
    const answer = await importing(oneBad, '?dryRun=true');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ rows: 3, badRows: 1, committed: false });
    const skipping = await importing(oneBad, '?dryRun=true&badRows=skip');
    expect(skipping.json()).toMatchObject({ added: 2, badRows: 1, committed: false });
    expect(await count()).toBe(0);
  });

  it('updates what is there when asked to', async () => {
    await importing(good);
    expect((await importing(good)).statusCode).toBe(422);
    expect((await importing(good, '?existing=update')).json()).toMatchObject({ updated: 2 });
  });

  it('refuses what is no table', async () => {
    const answer = await importing('name;colour\nx;red\n');
    expect(answer.statusCode).toBe(422);
    expect(answer.json().code).toBe('registry.import-invalid');
    expect(answer.json().details.length).toBeGreaterThan(1);
    for (const body of ['', '{}', '[{]', '[1', '\xff\xfe']) {
      const json = await importing(body, '', 'application/json');
      expect([400, 422], body).toContain(json.statusCode);
    }
    expect(await count()).toBe(0);
  });

  it('refuses no body, another type, and bad switches', async () => {
    expect((await world.ask('POST', '/api/v1/devices/import')).statusCode).toBe(400);
    expect((await importing(good, '', 'text/html')).statusCode).toBe(400);
    const answer = await importing(good, '?dryRun=maybe&badRows=drop&existing=1&x=1');
    expect(answer.json().details).toHaveLength(4);
    expect(await count()).toBe(0);
  });

  it('refuses a body that says it is too large before reading it', async () => {
    const answer = await world.ask('POST', '/api/v1/devices/import', {
      payload: good,
      headers: { 'content-type': 'text/csv', 'content-length': String(limits.apiBodyBytesMax + 1) },
    });
    expect(answer.statusCode).toBe(413);
    expect(answer.json().code).toBe('api.body-too-large');
  });

  it('says how the file was read', async () => {
    const wide = Buffer.from(`\ufeff${good.replaceAll(',', '\t')}`, 'utf16le');
    const answer = await importing(Readable.from([wide]), '?dryRun=true');
    expect(answer.json()).toMatchObject({ added: 2, encoding: 'utf-16le' });
    const gbk = Buffer.concat([Buffer.from(good), Buffer.from([0xc9, 0xe8, 0x2c, 0x2c, 0x0a])]);
    const bad = await importing(Readable.from([gbk]));
    expect(bad.json().report).toMatchObject({ rows: 3, badRows: 1, encoding: 'gb18030' });
    const detail = 'row 4: registry.id-invalid: enterprise "设"';
    expect(bad.json().details.join()).toContain(detail);
    const strict = await importing(Readable.from([gbk]), '?encoding=utf-8');
    expect(strict.json().details.join()).toMatch(/line 4 is not UTF-8 text/);
  });

  it('names the first bad rows and says how many more there are', async () => {
    const rows = Array.from({ length: 1500 }, (_, i) => `acme,d${i},none\n`);
    const answer = await importing(`enterprise,device,profile\n${rows.join('')}`);
    const { details, report } = answer.json();
    expect(details).toHaveLength(101);
    expect(details.at(-1)).toBe('and 1400 more bad rows');
    expect(report.errors).toHaveLength(limits.importErrorsMax);
    expect(report.badRows).toBe(1500);
  });

  it('is seen by others while it runs', async () => {
    const progress = async () =>
      (await world.ask('GET', '/api/v1/imports/current')).json().progress;
    expect(await progress()).toBeNull();
    let end = () => {};
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    async function* slow() {
      yield good;
      await ended;
    }
    const running = importing(Readable.from(slow()));
    let seen = await progress();
    while (seen === null) seen = await progress();
    expect(seen).toMatchObject({ phase: 'reading' });
    end();
    expect((await running).json()).toMatchObject({ added: 2 });
    expect(await progress()).toBeNull();
  });
});

describe('POST /api/v1/devices/import-city', () => {
  const city = { seed: 3, enterprises: 5, devices: 40 };
  const importCity = (payload: object) =>
    world.ask('POST', '/api/v1/devices/import-city', { payload });

  it('registers the city of the seed under the fleet key', async () => {
    const report = (await importCity({ ...city, sensors: true, gateway: 'gw' })).json();
    const built = buildCity({ ...city, sensors: true });
    expect(report).toMatchObject({ committed: true, badRows: 0, credentials: [] });
    const counts = await world.context.registry.counts();
    expect(counts).toMatchObject({
      devices: built.deviceCount,
      productionDevices: 40,
      gateways: 5,
    });
    const [device] = built.devices();
    const found = await world.context.registry.device(device!.enterprise, device!.device);
    const secret = fleetSecret(world.context.fleetKey(), device!.enterprise, device!.device);
    expect(found?.secretHash).toEqual(secretHash(secret));
  });

  it('can be repeated', async () => {
    await importCity(city);
    expect((await importCity(city)).json()).toMatchObject({ committed: true, badRows: 0 });
    expect(await count()).toBe(40);
  });

  it.each([
    {},
    { seed: 1.5, enterprises: 0, devices: 1e9 },
    { seed: 1, enterprises: 10, devices: 5 },
    { ...city, colour: 'red' },
  ])('refuses %j', async (body) => {
    const answer = await importCity(body);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().details.length).toBeGreaterThan(0);
  });
});

describe('GET /api/v1/devices/export', () => {
  it.each(['csv', 'json'] as const)('writes %s that can be imported again', async (format) => {
    await world.ask('POST', '/api/v1/devices/import-city', {
      payload: { seed: 1, enterprises: 20, devices: 1300, gateway: 'gw' },
    });
    const answer = await world.ask('GET', `/api/v1/devices/export?format=${format}`);
    expect(answer.headers['content-disposition']).toBe(`attachment; filename="devices.${format}"`);
    expect(answer.body).not.toMatch(/secret/);
    const other = new ApiWorld();
    const report = await other.ask('POST', '/api/v1/devices/import', {
      payload: answer.body,
      headers: { 'content-type': format === 'csv' ? 'text/csv' : 'application/json' },
    });
    expect(report.json()).toMatchObject({ added: 1320, badRows: 0, committed: true });
    await other.close();
  });

  it('shows where devices are in their lives, which an import reads over', async () => {
    await importing(good);
    const atMs = Date.UTC(2026, 4, 1);
    const change = { enterprise: 'acme', device: 'a', cause: '', actor: 'system', atMs };
    await world.context.registry.lives.apply([
      { ...change, event: 'store' },
      { ...change, event: 'suspend' },
    ]);
    const csv = (await world.ask('GET', '/api/v1/devices/export?state=suspended')).body;
    expect(csv.split('\n')).toEqual([
      'enterprise,device,kind,profile,district,industry,gateway,serial,state,activated_at',
      'acme,a,device,generic,unknown,00,,,suspended,2026-05-01T00:00:00.000Z',
      '',
    ]);
    const again = await importing(csv, '?existing=update');
    expect(again.json()).toMatchObject({ updated: 1, changed: [] });
    expect((await world.context.registry.get('acme', 'a'))?.state).toBe('suspended');
  });

  it('filters, and is empty but valid when nothing matches', async () => {
    await importing(good);
    const csv = await world.ask('GET', '/api/v1/devices/export?profile=generic');
    expect(csv.body.split('\n')).toHaveLength(3);
    const json = await world.ask('GET', '/api/v1/devices/export?format=json&enterprise=none');
    expect(json.json()).toEqual([]);
    expect((await world.ask('GET', '/api/v1/devices/export?format=xml')).statusCode).toBe(400);
  });
});
