/** Enterprises over HTTP, and how far they have come. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { NestedCounts, PlaceCounts } from '../../../gateway/onboarding/onboarding.ts';
import { ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeEach(() => {
  world = new ApiWorld();
});
afterEach(() => world.close());

const nested = (registered: number): NestedCounts => ({
  registered,
  activated: registered - 1,
  connected: registered - 2,
  online: registered - 3,
});
const place: PlaceCounts = {
  production: nested(40),
  other: nested(30),
  enterprises: nested(20),
};

const acme = {
  id: 'acme',
  name: { zh: '常州艾克米', en: 'Acme' },
  district: 'wujin',
  industry: '35',
};
const put = (id: string, payload: object, ifMatch?: string) =>
  world.ask('PUT', `/api/v1/enterprises/${id}`, {
    payload,
    headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
  });

describe('enterprises', () => {
  it('are added once, and shown with their counts', async () => {
    const added = await world.ask('POST', '/api/v1/enterprises', { payload: acme });
    expect(added.statusCode).toBe(201);
    expect(added.json()).toMatchObject({
      ...acme,
      park: null,
      devices: 0,
      createdAt: '2026-01-01T00:00:00.000Z',
      limits: { sessionsMax: null, messagesPerSecondMax: null },
    });
    const again = await world.ask('POST', '/api/v1/enterprises', { payload: acme });
    expect(again.json()).toMatchObject({ status: 409, code: 'registry.exists' });
    world.onboarding.knownOf.set('acme', place);
    const shown = await world.ask('GET', '/api/v1/enterprises/acme');
    expect(shown.json()).toEqual({ ...added.json(), counts: place });
    expect(shown.headers.etag).toBe(added.headers.etag);
    expect((await world.ask('GET', '/api/v1/enterprises/none')).json()).toMatchObject({
      status: 404,
      details: ['none'],
    });
    expect((await world.ask('GET', '/api/v1/enterprises/NO')).statusCode).toBe(400);
  });

  it('are described anew, against lost updates', async () => {
    const first = await put('acme', { district: 'wujin' });
    expect(first.statusCode).toBe(201);
    const tag = String(first.headers.etag);
    const second = await put('acme', { park: 'east' }, tag);
    expect(second.statusCode).toBe(200);
    expect(second.json()).toMatchObject({ district: 'wujin', park: 'east' });
    expect((await put('acme', { park: 'west' }, tag)).json()).toMatchObject({
      status: 412,
      code: 'api.version-mismatch',
    });
    expect((await put('acme', { park: 'west' }, '*')).statusCode).toBe(200);
    expect((await put('none', { park: 'west' }, '*')).statusCode).toBe(412);
    expect((await put('none', { park: 'west' }, '"1"')).statusCode).toBe(412);
    expect(await world.context.registry.enterprise('none')).toBeNull();
    const trail = (await world.ask('GET', '/api/v1/audit?enterprise=acme')).json().items;
    expect(trail.map(({ event }: { event: string }) => event)).toEqual([
      'enterprise-changed',
      'enterprise-changed',
      'enterprise-added',
    ]);
  });

  it('are given limits, of which the workers are told', async () => {
    await put('acme', {});
    expect(world.onboarding.told).toEqual([]);
    const limited = await put('acme', { limits: { sessionsMax: 5 } });
    expect(limited.json().limits).toEqual({ sessionsMax: 5, messagesPerSecondMax: null });
    const more = await put('acme', { limits: { sessionsMax: null, messagesPerSecondMax: 7 } });
    expect(more.json().limits).toEqual({ sessionsMax: null, messagesPerSecondMax: 7 });
    expect(world.onboarding.told).toEqual(['limits acme', 'limits acme']);
    for (const bad of [{ sessionsMax: 0 }, { sessionsMax: 1.5 }, { journal: 1 }]) {
      expect((await put('acme', { limits: bad })).statusCode).toBe(400);
    }
  });

  it('are listed in pages and filtered', async () => {
    for (const [id, district] of [
      ['a', 'wujin'],
      ['b', 'xinbei'],
      ['c', 'wujin'],
    ]) {
      await put(id!, { district });
    }
    const list = async (query: string) =>
      (await world.ask('GET', `/api/v1/enterprises?${query}`)).json();
    const first = await list('limit=2');
    expect(first).toMatchObject({ items: [{ id: 'a' }, { id: 'b' }], next: 'b' });
    expect(await list(`after=${first.next}`)).toMatchObject({ items: [{ id: 'c' }], next: null });
    expect((await list('district=wujin')).items).toHaveLength(2);
    expect((await list('text=B')).items).toMatchObject([{ id: 'b' }]);
    expect((await list('enterprise=c')).items).toMatchObject([{ id: 'c' }]);
  });
});

describe('counts', () => {
  const counts = async (query = '') => (await world.ask('GET', `/api/v1/counts${query}`)).json();

  it('are of the city and its parts, or of one enterprise, and say what they mean', async () => {
    world.onboarding.known = { city: place, byDistrict: { wujin: place }, byIndustry: {} };
    const city = await counts();
    expect(city).toMatchObject({
      asOf: '2026-01-01T00:00:00.000Z',
      enterprise: null,
      counts: {
        city: { production: { registered: 40, online: 37 } },
        byDistrict: { wujin: place },
      },
    });
    expect(Object.keys(city.definitions)).toEqual(Object.keys(place.production));
    for (const { en, zh } of Object.values<{ en: string; zh: string }>(city.definitions)) {
      expect(en).toMatch(/\.$/);
      expect(zh).toMatch(/。$/);
    }
    await put('acme', {});
    world.onboarding.knownOf.set('acme', place);
    expect(await counts('?enterprise=acme')).toMatchObject({ enterprise: 'acme', counts: place });
    expect(await counts('?enterprise=none')).toMatchObject({ status: 404 });
  });

  it('are of its own for a token of an enterprise', async () => {
    await put('acme', {});
    world.onboarding.knownOf.set('acme', place);
    world.onboarding.known = { city: place, byDistrict: {}, byIndustry: {} };
    const answer = await world.app.inject({
      url: '/api/v1/counts',
      headers: { authorization: `Bearer ${await world.issue('enterprise', 'acme')}` },
    });
    expect(answer.json()).toMatchObject({ enterprise: 'acme', counts: place });
  });

  it('are null, not 0, while they are not known', async () => {
    expect((await counts()).counts).toBeNull();
  });

  it('are metrics, absent while they are not known', async () => {
    const scrape = async () => (await world.ask('GET', '/metrics')).body;
    expect(await scrape()).not.toMatch(/^onramp_onboarding_/m);
    world.onboarding.known = { city: place, byDistrict: { wujin: place }, byIndustry: {} };
    const text = await scrape();
    expect(text).toContain('onramp_onboarding_devices{kind="production",stage="online"} 37\n');
    expect(text).toContain('onramp_onboarding_devices{kind="other",stage="registered"} 30\n');
    expect(text).toContain('onramp_onboarding_enterprises{stage="connected"} 18\n');
    expect(text).toContain(
      'onramp_onboarding_district_devices{district="wujin",kind="production",stage="activated"} 39\n',
    );
    expect(text).toContain(
      'onramp_onboarding_district_enterprises{district="wujin",stage="registered"} 20\n',
    );
  });
});
