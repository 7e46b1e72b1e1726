import { describe, expect, it } from 'vitest';
import { secretHash } from '../../../model/fleet-secret.ts';
import { failureOf, openEmpty } from './open.ts';

describe('adding devices', () => {
  it('registers a device and its enterprise, and gives the secret once', async () => {
    const { registry, reader } = openEmpty();
    const issued = await registry.add({
      enterprise: 'acme',
      device: 'press-1',
      profile: 'generic',
    });
    expect(issued).toMatchObject({ enterprise: 'acme', device: 'press-1' });
    expect(Buffer.from(issued.secret, 'base64url')).toHaveLength(32);

    const found = await reader().device('acme', 'press-1');
    expect(found).toMatchObject({
      kind: 'device',
      profile: 'generic',
      district: 'unknown',
      industry: '00',
      gateway: undefined,
      serial: undefined,
    });
    expect(found!.secretHash).toEqual(secretHash(issued.secret));
    expect(await registry.enterprise('acme')).toMatchObject({ district: 'unknown', devices: 1 });
    expect(JSON.stringify(await registry.get('acme', 'press-1'))).not.toContain('ecret');
  });

  it('takes district and industry from the enterprise, and its first device names them', async () => {
    const { registry } = openEmpty();
    await registry.add({
      enterprise: 'acme',
      device: 'a',
      profile: 'generic',
      district: 'wujin',
      industry: '34',
    });
    await registry.add({ enterprise: 'acme', device: 'b', profile: 'generic' });
    expect(await registry.get('acme', 'b')).toMatchObject({ district: 'wujin', industry: '34' });
  });

  it('keeps a secret that was brought along', async () => {
    const { registry } = openEmpty();
    const secret = 'exactly-20-characte!';
    await registry.add({ enterprise: 'acme', device: 'a', profile: 'generic', secret });
    expect((await registry.device('acme', 'a'))!.secretHash).toEqual(secretHash(secret));
  });

  const good = { enterprise: 'acme', device: 'a', profile: 'generic' };
  it.each([
    ['registry.id-invalid', { ...good, enterprise: 'ACME' }],
    ['registry.id-invalid', { ...good, device: 'a.b' }],
    ['registry.id-invalid', { ...good, device: 'claim' }],
    ['registry.id-invalid', { ...good, device: '__proto__ ' }],
    ['registry.id-invalid', { ...good, device: 'x'.repeat(65) }],
    ['registry.id-invalid', { ...good, serial: 'S/N 1' }],
    ['registry.unknown-profile', { ...good, profile: 'press' }],
    ['registry.unknown-profile', { ...good, profile: 'constructor' }],
    ['registry.unknown-profile', { ...good, profile: undefined }],
    ['registry.secret-too-short', { ...good, secret: 'nineteen-characters' }],
    ['registry.device-invalid', { ...good, secret: 'x'.repeat(257) }],
    ['registry.device-invalid', { ...good, industry: '3' }],
    ['registry.device-invalid', { ...good, district: 'a b' }],
    ['registry.unknown-gateway', { ...good, gateway: 'edge' }],
    ['registry.device-invalid', { ...good, kind: 'gateway' as const, gateway: 'edge' }],
  ])('refuses with %s', async (code, device) => {
    const { registry } = openEmpty();
    expect(await failureOf(registry.add(device))).toMatchObject({ code });
    expect(await registry.counts()).toMatchObject({ enterprises: 0, devices: 0 });
  });

  it('refuses an id that is taken by a device or a gateway', async () => {
    const { registry } = openEmpty();
    await registry.add({ enterprise: 'acme', device: 'edge', kind: 'gateway' });
    const again = registry.add({ enterprise: 'acme', device: 'edge', profile: 'generic' });
    expect(await failureOf(again)).toEqual({ code: 'registry.exists', details: ['acme.edge'] });
    await registry.add({ enterprise: 'other', device: 'edge', profile: 'generic' });
  });

  it('lets a device name a gateway of its own enterprise only', async () => {
    const { registry } = openEmpty();
    await registry.add({ enterprise: 'acme', device: 'edge', kind: 'gateway' });
    await registry.add({ enterprise: 'acme', device: 'a', profile: 'generic', gateway: 'edge' });
    expect((await registry.get('acme', 'a'))!.gateway).toBe('edge');
    const stranger = { enterprise: 'other', device: 'a', profile: 'generic', gateway: 'edge' };
    expect(await failureOf(registry.add(stranger))).toMatchObject({
      code: 'registry.unknown-gateway',
    });
    const notOne = { enterprise: 'acme', device: 'b', profile: 'generic', gateway: 'a' };
    expect(await failureOf(registry.add(notOne))).toMatchObject({
      code: 'registry.unknown-gateway',
    });
  });

  it('replaces a secret', async () => {
    const { registry, reader } = openEmpty();
    const first = await registry.add({ enterprise: 'acme', device: 'a', profile: 'generic' });
    const second = await registry.resetSecret('acme', 'a');
    expect(second.secret).not.toBe(first.secret);
    expect((await reader().device('acme', 'a'))!.secretHash).toEqual(secretHash(second.secret));
    const short = registry.resetSecret('acme', 'a', 'short');
    expect((await failureOf(short)).code).toBe('registry.secret-too-short');
    expect((await failureOf(registry.resetSecret('acme', 'b'))).code).toBe('registry.not-found');
  });
});

describe('reading', () => {
  it('has no negative cache: a reader sees a device right after it was added', async () => {
    const { registry, reader } = openEmpty();
    const worker = reader();
    expect(await worker.device('acme', 'a')).toBeNull();
    await registry.add({ enterprise: 'acme', device: 'a', profile: 'generic' });
    expect(await worker.device('acme', 'a')).not.toBeNull();
  });

  it('has a version that changes of profiles move, and nothing else', async () => {
    const { registry, reader } = openEmpty();
    const worker = reader();
    const versions = async () => [await registry.version(), await worker.version()];
    const before = await versions();
    await registry.add({ enterprise: 'acme', device: 'a', profile: 'generic' });
    await registry.resetSecret('acme', 'a');
    await registry.addEnterprise({ id: 'acme', district: 'wujin' });
    await registry.importDevices(
      (async function* () {
        yield { row: 1, enterprise: 'acme', device: 'b', profile: 'generic' };
      })(),
    );
    expect(await versions()).toEqual(before);
    await registry.addProfile(press, null);
    const added = await versions();
    await registry.addProfile({ ...press, signals: press.signals.slice(0, 1) }, null);
    const changed = await versions();
    for (const side of [0, 1]) {
      expect(new Set([before[side], added[side], changed[side]]).size).toBe(3);
    }
  });

  it('pages through filtered lists, every entry once', async () => {
    const { registry } = openEmpty();
    for (const enterprise of ['acme', 'bolt', 'zinc']) {
      await registry.addEnterprise({
        id: enterprise,
        name: { zh: '某厂', en: `${enterprise} Ltd` },
      });
      for (let i = 0; i < 7; i++) {
        const district = i % 2 === 0 ? 'wujin' : 'xinbei';
        const profile = i % 3 === 0 ? 'agv' : 'generic';
        await registry.add({ enterprise, device: `d${i}`, profile, district, serial: `sn-${i}` });
      }
    }
    const keys = async (filter: Parameters<typeof registry.list>[0], limit: number) => {
      const found: string[] = [];
      let after: string | undefined;
      for (;;) {
        const page = await registry.list(filter, { after, limit });
        expect(page.items.length).toBeLessThanOrEqual(limit);
        found.push(...page.items.map((entry) => `${entry.enterprise}.${entry.device}`));
        if (page.next === null) return found;
        after = page.next;
      }
    };
    const all = await keys({}, 1000);
    expect(all).toHaveLength(21);
    expect(all).toEqual([...all].sort());
    for (const limit of [1, 4, 7, 21]) expect(await keys({}, limit)).toEqual(all);
    expect(await keys({ enterprise: 'bolt' }, 2)).toHaveLength(7);
    expect(await keys({ district: 'wujin' }, 5)).toHaveLength(12);
    expect(await keys({ district: 'wujin', profile: 'agv' }, 2)).toHaveLength(6);
    expect(await keys({ text: 'BOLT.D3' }, 2)).toEqual(['bolt.d3']);
    expect(await keys({ text: 'sn-6' }, 2)).toEqual(['acme.d6', 'bolt.d6', 'zinc.d6']);
    expect(await keys({ text: 'zinc ltd' }, 3)).toHaveLength(7);
    expect(await keys({ text: '某' }, 30)).toHaveLength(21);
    expect(await keys({ text: "'%_" }, 3)).toEqual([]);
    expect(await keys({ kind: 'gateway' }, 3)).toEqual([]);

    const exported: string[] = [];
    for await (const entry of registry.export({ district: 'xinbei' })) exported.push(entry.device);
    expect(exported).toHaveLength(9);
  });

  it('refuses a page that is none', async () => {
    const { registry } = openEmpty();
    for (const page of [{ limit: 0 }, { limit: 1001 }, { limit: 1.5 }, { limit: 1, after: 'x' }]) {
      expect((await failureOf(registry.list({}, page))).code).toBe('api.bad-request');
    }
  });

  it('counts enterprises, devices, production devices and gateways, by district and profile', async () => {
    const { registry } = openEmpty();
    await registry.addEnterprise({ id: 'acme', district: 'wujin' });
    await registry.add({ enterprise: 'acme', device: 'edge', kind: 'gateway' });
    await registry.add({ enterprise: 'acme', device: 'agv-1', profile: 'agv' });
    await registry.add({ enterprise: 'acme', device: 'env-1', profile: 'env-sensor' });
    await registry.add({ enterprise: 'bolt', device: 'agv-1', profile: 'agv', district: 'liyang' });
    expect(await registry.counts()).toEqual({
      enterprises: 2,
      devices: 3,
      productionDevices: 2,
      gateways: 1,
      byDistrict: [
        { district: 'liyang', enterprises: 1, devices: 1, productionDevices: 1 },
        { district: 'wujin', enterprises: 1, devices: 2, productionDevices: 1 },
      ],
      byProfile: [
        { profile: 'agv', production: true, devices: 2 },
        { profile: 'env-sensor', production: false, devices: 1 },
      ],
    });
  });

  it('lists and describes enterprises', async () => {
    const { registry } = openEmpty();
    await registry.add({ enterprise: 'acme', device: 'a', profile: 'generic' });
    const described = await registry.addEnterprise({
      id: 'acme',
      name: { zh: '极致', en: 'Acme' },
      district: 'wujin',
      industry: '34',
      park: 'west-taihu',
    });
    expect(described).toMatchObject({ district: 'wujin', park: 'west-taihu', devices: 1 });
    expect(await registry.addEnterprise({ id: 'acme', platform: 'caxa' })).toEqual({
      ...described,
      platform: 'caxa',
      revision: 3,
    });
    await registry.addEnterprise({ id: 'bolt' });
    const first = await registry.listEnterprises({}, { limit: 1 });
    expect(first.items.map((enterprise) => enterprise.id)).toEqual(['acme']);
    const second = await registry.listEnterprises({}, { limit: 1, after: first.next! });
    expect(second).toMatchObject({ items: [{ id: 'bolt' }], next: null });
    const found = await registry.listEnterprises({ text: '极', district: 'wujin' }, { limit: 9 });
    expect(found.items).toHaveLength(1);
    expect((await failureOf(registry.addEnterprise({ id: 'A' }))).code).toBe('registry.id-invalid');
    const long = registry.addEnterprise({ id: 'a', name: { zh: 'x'.repeat(300), en: 'x' } });
    expect((await failureOf(long)).code).toBe('registry.device-invalid');
  });
});

const press = {
  id: 'acme.press',
  name: { zh: '冲床', en: 'Press' },
  production: true,
  signals: [
    {
      id: 'force',
      name: { zh: '力', en: 'Force' },
      unit: 'kN',
      ucum: 'kN',
      type: 'float' as const,
    },
    { id: 'count', name: { zh: '数', en: 'Count' }, unit: '', ucum: '1', type: 'int' as const },
  ],
};

describe('profiles at run time', () => {
  it('reach a reader at once and can be used by their enterprise', async () => {
    const { registry, reader } = openEmpty();
    const worker = reader();
    await registry.addProfile(press, 'acme');
    expect(await worker.profile('acme.press')).toEqual(press);
    expect(await worker.profile('agv')).toMatchObject({ id: 'agv' });
    expect(await worker.profile('acme.other')).toBeNull();
    await registry.add({ enterprise: 'acme', device: 'p1', profile: 'acme.press' });
    const stranger = registry.add({ enterprise: 'bolt', device: 'p1', profile: 'acme.press' });
    expect((await failureOf(stranger)).code).toBe('registry.unknown-profile');
    await registry.addProfile({ ...press, id: 'city.press' }, null);
    await registry.add({ enterprise: 'bolt', device: 'p1', profile: 'city.press' });
    expect(await registry.counts()).toMatchObject({ devices: 2, productionDevices: 2 });
    const listed = await registry.listProfiles();
    expect(listed.filter((each) => !each.builtIn)).toEqual([
      { profile: press, enterprise: 'acme', builtIn: false },
      { profile: { ...press, id: 'city.press' }, enterprise: null, builtIn: false },
    ]);
  });

  it('may gain signals, labels and ranges, but no signal changes its type, ever', async () => {
    const { registry } = openEmpty();
    const [force, count] = press.signals as [(typeof press.signals)[0], (typeof press.signals)[0]];
    await registry.addProfile(press, 'acme');
    const wider = { ...force, range: [0, 10] as const, name: { zh: '压力', en: 'Pressure' } };
    await registry.addProfile({ ...press, signals: [wider] }, 'acme');
    expect((await registry.profile('acme.press'))!.signals).toEqual([wider]);

    const asText = { ...count, type: 'string' as const };
    const changed = registry.addProfile({ ...press, signals: [wider, asText] }, 'acme');
    expect(await failureOf(changed)).toEqual({
      code: 'profile.type-changed',
      details: ['count is int, not string'],
    });
    const respelt = registry.addProfile({ ...press, signals: [{ ...count, id: 'Count' }] }, 'acme');
    expect((await failureOf(respelt)).code).toBe('profile.invalid');
    const hostile = { ...count, id: 'constructor' };
    await registry.addProfile({ ...press, signals: [wider, count, hostile] }, 'acme');
  });

  it.each(['press', 'acme.', '.press', 'ACME.press', 'bolt.press', 'acme.Press'])(
    'refuses the id %s',
    async (id) => {
      const { registry } = openEmpty();
      const added = registry.addProfile({ ...press, id }, 'acme');
      expect((await failureOf(added)).code).toBe('profile.invalid');
    },
  );

  it('cannot replace what is built in', async () => {
    const { registry } = openEmpty();
    const added = registry.addProfile({ ...press, id: 'agv' }, null);
    expect((await failureOf(added)).code).toBe('profile.built-in');
  });
});
