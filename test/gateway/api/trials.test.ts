/** Trials over HTTP: everything for a machine at once, every mistake named, and an end. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ConnectionCard } from '../../../gateway/api/connection-card.ts';
import { EventHub } from '../../../gateway/device-events/event-hub.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { ApiWorld } from './api-world.ts';

const dayMs = 86_400_000;

let world: ApiWorld;
let watched: readonly string[];
let hub: EventHub;
beforeEach(() => {
  world = new ApiWorld();
  watched = [];
  hub = new EventHub({ clock: world.clock, watch: (keys) => (watched = keys) });
  world.onboarding.events = hub;
});
afterEach(async () => {
  hub.close();
  await world.close();
});

interface Begun {
  readonly enterprise: string;
  readonly device: string;
  readonly profile: string;
  readonly token: string;
  readonly expiresAtMs: number;
  readonly events: string;
  readonly card: ConnectionCard;
}

const post = (payload?: object) =>
  world.ask('POST', '/api/v1/trials', payload === undefined ? {} : { payload });

async function begin(payload?: object): Promise<Begun> {
  const answer = await post(payload);
  expect(answer.statusCode, answer.body).toBe(201);
  return answer.json();
}

const list = async (query = '') => (await world.ask('GET', `/api/v1/trials${query}`)).json();

describe('POST /api/v1/trials', () => {
  it('gives enterprise, device, token and card for a week, and keeps the events', async () => {
    const begun = await begin({ name: { zh: '常州机械' } });
    const { card, device, enterprise, token } = begun;
    expect(enterprise).toMatch(/^trial-[a-z2-9]{6}$/);
    expect(begun).toMatchObject({ device: 'machine-1', profile: 'generic' });
    expect(begun.expiresAtMs).toBe(world.clock.nowMs() + 7 * dayMs);
    expect(await world.context.registry.enterprise(enterprise)).toMatchObject({
      name: { zh: '常州机械', en: '常州机械' },
      platform: 'trial',
      limits: { sessionsMax: 20, messagesPerSecondMax: 100 },
    });
    const registered = await world.context.registry.device(enterprise, device);
    expect(secretHash(card.password)).toEqual(registered?.secretHash);
    expect(card).toMatchObject({
      clientId: `${enterprise}.machine-1`,
      topic: `onramp/v1/${enterprise}/machine-1/telemetry`,
      mqtt: { host: '10.0.0.5', port: 1883, tls: null, version: '3.1.1' },
      apiUrl: 'http://10.0.0.5:8080',
      token,
      notes: [],
    });
    expect(card.snippets.find(({ id }) => id === 'mosquitto-pub')?.text).toContain(card.password);
    world.clock.advance(1000);
    expect(watched).toEqual([`${enterprise}.machine-1`]);
    expect(world.onboarding.told).toEqual([
      `limits ${enterprise}`,
      `directory ${enterprise}.machine-1`,
    ]);
    expect(begun.events).toBe(`http://10.0.0.5:8080/api/v1/devices/${enterprise}.machine-1/events`);
    // The token is the enterprise's.
    const headers = { authorization: `Bearer ${token}` };
    const own = await world.ask('GET', `/api/v1/devices/${enterprise}.machine-1`, { headers });
    expect(own.statusCode).toBe(200);
    const another = await begin();
    const foreign = `/api/v1/devices/${another.enterprise}.machine-1`;
    expect((await world.ask('GET', foreign, { headers })).statusCode).toBe(404);
  });

  it('takes a known profile, and names that are given', async () => {
    const profile = 'injection-moulding';
    const begun = await begin({ enterprise: 'acme', device: 'press-1', profile, name: 'Acme' });
    expect(begun).toMatchObject({ enterprise: 'acme', device: 'press-1', profile });
    const again = await post({ enterprise: 'acme' });
    expect([again.statusCode, again.json().code]).toEqual([409, 'registry.exists']);
  });

  it('makes a profile of a short form', async () => {
    const signals = [
      { name: 'force', label: '压力', unit: 'kN', min: 0, max: 2000 },
      { name: 'state', values: ['run', 'stop'] },
      { name: 'good', type: 'bool' },
    ];
    const { card, enterprise, profile } = await begin({ form: { name: 'Press No. 7', signals } });
    expect(profile).toBe(`${enterprise}.press-no-7`);
    const made = await world.context.registry.profile(profile);
    expect(made).toMatchObject({ name: { zh: 'Press No. 7', en: 'Press No. 7' } });
    expect(
      made?.signals.map(({ id, type, unit, range, name }) => [id, type, unit, range, name.en]),
    ).toEqual([
      ['force', 'float', 'kN', [0, 2000], '压力'],
      ['state', 'enum', '', undefined, 'state'],
      ['good', 'bool', '', undefined, 'good'],
    ]);
    expect(JSON.parse(card.sample)).toEqual({ values: { force: 1000, state: 'run', good: true } });
    const named = await begin({ form: { name: '液压机', signals } });
    expect(named.profile).toBe(`${named.enterprise}.machine`);
  });

  it('makes a profile of a table', async () => {
    const csv = '\ufeffname;type;min;max\r\nforce;float;0;1,5\r\n';
    const { enterprise, profile, card } = await begin({ csv });
    expect(profile).toBe(`${enterprise}.machine`);
    expect(JSON.parse(card.sample)).toEqual({ values: { force: 0.75 } });
  });

  it('names every mistake at once, in both languages, and registers nothing', async () => {
    const answer = await post({
      enterprise: 'Acme',
      device: 'claim',
      form: {
        name: 'press',
        signals: [
          { name: 'force', type: 'flaot', label: '' },
          { name: 'force', min: 5, max: 1, colour: 'red' },
          {},
        ],
      },
    });
    expect(answer.statusCode).toBe(400);
    const { code, details, messageZh, title } = answer.json();
    expect([code, title, messageZh]).toEqual([
      'trial.invalid',
      expect.stringContaining('every mistake'),
      expect.stringContaining('逐条'),
    ]);
    const places = details.map((detail: string) => detail.split(': ')[0]);
    expect(places).toEqual([
      'enterprise',
      'device',
      'form.signals[0].type',
      'form.signals[0].label',
      'form.signals[1].colour',
      'form.signals[1].name',
      'form.signals[1].min',
      'form.signals[2].name',
    ]);
    const csv = (await post({ csv: 'name,type\nforce,float\nstate,enum\nforce,int\n' })).json();
    expect(csv.details).toEqual([
      expect.stringMatching(/^csv: row 3, values/),
      expect.stringMatching(/^csv: row 4, name/),
    ]);
    const both = (await post({ profile: 'nonesuch', form: { name: 'x', signals: [] } })).json();
    expect(both.details).toEqual([
      expect.stringMatching(/^profile, form: give one/),
      expect.stringMatching(/^form.signals: /),
      expect.stringMatching(/^profile: .*"nonesuch"/),
    ]);
    expect((await world.context.registry.counts()).enterprises).toBe(0);
    expect((await list()).items).toEqual([]);
  });

  it("does not take another enterprise's profile, nor begin without a gateway", async () => {
    const first = await begin({ form: { name: 'press', signals: [{ name: 'force' }] } });
    expect((await post({ profile: first.profile })).json().code).toBe('trial.invalid');
    world.onboarding.events = null;
    const answer = await post();
    expect([answer.statusCode, answer.json().code]).toEqual([409, 'command.needs-gateway']);
  });
});

describe('GET /api/v1/trials', () => {
  it('says how far each has come, in the order of enterprises', async () => {
    await begin({ enterprise: 'beta' });
    await begin({ enterprise: 'acme' });
    const atMs = world.clock.nowMs() + 5;
    const change = { device: 'machine-1', atMs, cause: '', actor: 'device' } as const;
    const { lives } = world.context.registry;
    await lives.apply([{ ...change, enterprise: 'acme', event: 'store' }]);
    await lives.apply([{ ...change, enterprise: 'beta', event: 'connect' }]);
    const page = await list('?limit=1');
    expect(page.next).toBe('acme');
    expect(page.items).toEqual([
      expect.objectContaining({ id: 'acme.machine-1', word: 'active', firstRow: true }),
    ]);
    expect((await list('?after=acme')).items).toEqual([
      expect.objectContaining({ id: 'beta.machine-1', word: 'connecting', firstRow: false }),
    ]);
  });
});

describe('POST /api/v1/trials/{enterprise}/end', () => {
  it('shuts everybody out at once, and only once', async () => {
    const { token } = await begin({ enterprise: 'acme' });
    const end = () => world.ask('POST', '/api/v1/trials/acme/end');
    const ended = await end();
    expect(ended.json()).toMatchObject({
      state: 'suspended',
      word: 'blocked',
      endedAtMs: world.clock.nowMs(),
    });
    const headers = { authorization: `Bearer ${token}` };
    const own = await world.ask('GET', '/api/v1/devices/acme.machine-1', { headers });
    expect(own.statusCode).toBe(401);
    world.clock.advance(1000);
    expect((await end()).json().endedAtMs).toBe(ended.json().endedAtMs);
    expect((await list('?living=true')).items).toEqual([]);
    const { items } = (await world.ask('GET', '/api/v1/audit?enterprise=acme')).json();
    const events = items.map(({ event }: { event: string }) => event);
    expect(events.filter((event: string) => event === 'trial-ended')).toHaveLength(1);
    expect(events).toEqual(expect.arrayContaining(['trial-begun', 'suspend', 'token-revoked']));
  });

  it('is for trials only', async () => {
    await world.context.registry.add({ enterprise: 'acme', device: 'm', profile: 'generic' });
    const answer = await world.ask('POST', '/api/v1/trials/acme/end');
    expect([answer.statusCode, answer.json().code]).toEqual([404, 'registry.not-found']);
    expect(await world.context.registry.get('acme', 'm')).toMatchObject({ state: 'registered' });
  });
});
