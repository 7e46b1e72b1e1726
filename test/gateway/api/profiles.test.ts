/** Profiles over HTTP: list, show, add. */

import { afterEach, beforeEach, expect, it } from 'vitest';
import { builtInProfiles } from '../../../model/profiles/index.ts';
import { ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeEach(() => {
  world = new ApiWorld();
});
afterEach(() => world.close());

const add = (query: string, payload: string, type: string) =>
  world.ask('POST', `/api/v1/profiles?${query}`, { payload, headers: { 'content-type': type } });

const csv = 'name,type,unit,min,max,key\nforce,float,kN,0,2000,yes\nmode,string,,,,\n';

it('lists and shows those built in', async () => {
  const { items } = (await world.ask('GET', '/api/v1/profiles')).json();
  expect(items).toHaveLength(builtInProfiles.size);
  const shown = (await world.ask('GET', `/api/v1/profiles/${items[0].id}`)).json();
  expect(shown).toMatchObject({ enterprise: null, builtIn: true, profile: { id: items[0].id } });
  const none = await world.ask('GET', '/api/v1/profiles/acme.none');
  expect(none.statusCode).toBe(404);
  expect((await world.ask('GET', '/api/v1/profiles/A%20B')).statusCode).toBe(400);
});

it('adds one from CSV, and its device gets a sample of it', async () => {
  const added = await add(
    'enterprise=acme&name=press&label=Press&production=false',
    csv,
    'text/csv',
  );
  expect(added.statusCode).toBe(201);
  expect(added.json()).toMatchObject({
    enterprise: 'acme',
    builtIn: false,
    profile: { id: 'acme.press', production: false, name: { en: 'Press' } },
  });
  expect(world.onboarding.told).toEqual(['profile acme.press']);
  const shown = await world.ask('GET', '/api/v1/profiles/acme.press');
  expect(shown.json()).toEqual(added.json());
  const trail = await world.ask('GET', '/api/v1/audit?enterprise=acme');
  expect(trail.json().items).toMatchObject([
    { event: 'profile-added', cause: 'acme.press', actor: 'operator' },
  ]);
  const card = await world.ask('POST', '/api/v1/devices', {
    payload: { enterprise: 'acme', device: 'p-1', profile: 'acme.press' },
  });
  expect(JSON.parse(card.json().sample)).toEqual({ values: { force: 1000 } });
});

it('adds one from JSON, which may bring its id', async () => {
  const document = { id: 'press', signals: [{ name: 'force', type: 'float', range: [0, 10] }] };
  const own = await add('enterprise=acme', JSON.stringify(document), 'application/json');
  expect(own.json().profile.id).toBe('acme.press');
  const named = await add('enterprise=acme&name=p2', JSON.stringify(document), 'application/json');
  expect(named.json().profile.id).toBe('acme.p2');
});

it('never changes a type', async () => {
  await add('enterprise=acme&name=press', csv, 'text/csv');
  const changed = csv.replace('force,float', 'force,int');
  const answer = await add('enterprise=acme&name=press', changed, 'text/csv');
  expect(answer.statusCode).toBe(409);
  expect(answer.json().code).toBe('profile.type-changed');
});

it('names every mistake of a profile', async () => {
  const bad = 'name,type,min,max\n9x,float,,\nforce,double,9,1\nok,colour,,\n';
  const answer = await add('enterprise=acme&name=press', bad, 'text/csv');
  expect(answer.statusCode).toBe(400);
  expect(answer.json().code).toBe('profile.invalid');
  expect(answer.json().details).toHaveLength(3);
});

it.each([
  ['name=press', csv, 'text/csv'],
  ['enterprise=acme', csv, 'text/csv'],
  ['enterprise=ACME&name=press', csv, 'text/csv'],
  ['enterprise=acme&name=..%2f..', csv, 'text/csv'],
  ['enterprise=acme&name=press&colour=red', csv, 'text/csv'],
  ['enterprise=acme&name=press', '', 'text/csv'],
  ['enterprise=acme&name=press', '{"signals":', 'application/json'],
  ['enterprise=acme&name=press', '[]', 'application/json'],
  ['enterprise=acme&name=press', 'null', 'application/json'],
  ['enterprise=acme&name=press', `"${'x'.repeat(100)}"`, 'application/json'],
])('refuses %s with %s', async (query, body, type) => {
  const answer = await add(query, body, type);
  expect(answer.statusCode).toBe(400);
  expect(answer.json().details.length).toBeGreaterThan(0);
  expect((await world.ask('GET', '/api/v1/profiles')).json().items).toHaveLength(
    builtInProfiles.size,
  );
});

it('refuses a document that is too large', async () => {
  const answer = await add('enterprise=acme&name=p', 'x'.repeat(1_100_000), 'application/json');
  expect(answer.statusCode).toBe(413);
});
