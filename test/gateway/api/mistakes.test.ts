/** What is wrong with a request is said in words for people, not in those of a schema. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeAll(() => {
  world = new ApiWorld();
});
afterAll(() => world.close());

const json = { 'content-type': 'application/json' };

async function detailsOf(url: string, payload?: string | object): Promise<string[]> {
  const sent = payload === undefined ? {} : { payload, headers: json };
  const answer = await world.ask(payload === undefined ? 'GET' : 'POST', url, sent);
  expect([answer.statusCode, answer.json().code]).toEqual([400, 'api.bad-request']);
  return answer.json().details;
}

it.each([
  ['limit=1001', 'query.limit: must be at most 1000'],
  ['limit=0', 'query.limit: must be at least 1'],
  ['limit=1e2', 'query.limit: must be a whole number'],
  ['limit=1&limit=2', 'query.limit: must be a text'],
  ['kind=robot', 'query.kind: must be device or gateway'],
  [`text=${'x'.repeat(300)}`, 'query.text: must have at most 256 characters'],
  ['text=', 'query.text: must not be empty'],
])('a query with %s', async (query, detail) => {
  expect(await detailsOf(`/api/v1/devices?${query}`)).toEqual([detail]);
});

const claim = { enterprise: 'acme', devicesMax: 1 };
it.each<[object, string]>([
  [{ ...claim, expiresIn: '500d' }, 'body.expiresIn: must be at most 366d'],
  [{ ...claim, expiresIn: '0s' }, 'body.expiresIn: must be at least 1s'],
  [{ ...claim, expiresIn: 'soon' }, 'body.expiresIn: is not a duration like 10s, 5m, 2h or 30d'],
  [{ ...claim, devicesMax: 1.5 }, 'body.devicesMax: must be a whole number'],
  [{ ...claim, devicesMax: 1e9 }, 'body.devicesMax: must be at most 1000000'],
  [{ enterprise: 'acme' }, 'body.devicesMax: is needed'],
  [{ ...claim, serials: 'sn-1' }, 'body.serials: must be a list'],
  [{ ...claim, serials: [7] }, 'body.serials.0: must be a text'],
  [{ ...claim, colour: 'red' }, 'body.colour: is not known here'],
  [[], 'body: must be an object'],
])('a claim %j', async (body, detail) => {
  expect(await detailsOf('/api/v1/claims', body)).toEqual([detail]);
});

it.each([
  ['{"enterprise":', /^body: is not JSON \(.+\)$/],
  ['', /^body: is missing$/],
  ['{"__proto__":{"role":"operator"}}', /^body: .*"__proto__".* not taken$/],
  ['{"constructor":{"prototype":{}}}', /^body: .*"constructor".* not taken$/],
])('a body %s', async (body, detail) => {
  expect(await detailsOf('/api/v1/claims', body)).toEqual([expect.stringMatching(detail)]);
});

it('a trial with a name of no form', async () => {
  expect(await detailsOf('/api/v1/trials', { name: 7 })).toEqual([
    'body.name: has none of the forms that are possible here',
  ]);
});
