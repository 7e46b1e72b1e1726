/** Dead letters over HTTP: pages, counts, replay. */

import { afterEach, beforeEach, expect, it } from 'vitest';
import { ApiWorld, letter } from './api-world.ts';

let world: ApiWorld;
beforeEach(async () => {
  world = new ApiWorld();
  await world.context.deadLetters.put([
    letter(1),
    letter(2, { enterprise: 'beta' }),
    letter(3, { code: 'reading.empty', stage: 'check' }),
    letter(4, { device: 'press-2', stage: 'store', code: 'store.refused-line' }),
  ]);
});
afterEach(() => world.close());

const details = async (query: string) => {
  const answer = await world.ask('GET', `/api/v1/dead-letters${query}`);
  return answer.json().items.map((item: { detail: string }) => Number(item.detail.slice(7)));
};

it('come newest first, in pages', async () => {
  const first = (await world.ask('GET', '/api/v1/dead-letters?limit=3')).json();
  expect(first.items.map((item: { detail: string }) => item.detail)).toEqual([
    'letter 4',
    'letter 3',
    'letter 2',
  ]);
  expect(first.items[0].payload).toBe('{"values":{"force":9}}');
  const second = (
    await world.ask('GET', `/api/v1/dead-letters?limit=3&after=${first.next}`)
  ).json();
  expect(second).toMatchObject({ items: [{ detail: 'letter 1' }], next: null });
});

it('are filtered', async () => {
  expect(await details('?enterprise=beta')).toEqual([2]);
  expect(await details('?device=press-2')).toEqual([4]);
  expect(await details('?code=reading.empty')).toEqual([3]);
  expect(await details('?stage=store')).toEqual([4]);
  expect(await details('?enterprise=acme&stage=check')).toEqual([3, 1]);
});

it.each(['?code=no.such-code', '?code=toString', '?after=0', '?after=x', '?limit=0', '?stage=x'])(
  'refuse %s',
  async (query) => {
    expect((await world.ask('GET', `/api/v1/dead-letters${query}`)).statusCode).toBe(400);
  },
);

it('are counted by code and enterprise', async () => {
  const counts = (await world.ask('GET', '/api/v1/dead-letters/counts')).json();
  expect(counts.byCode).toHaveLength(3);
  expect(counts.byCode).toContainEqual(
    expect.objectContaining({ code: 'signal.out-of-range', count: 2, readings: 2 }),
  );
  expect(counts.byEnterprise[0]).toMatchObject({ enterprise: 'acme', count: 3 });
});

it('are replayed as asked', async () => {
  const answer = await world.ask('POST', '/api/v1/dead-letters/replay', {
    payload: { enterprise: 'acme', code: 'store.refused-line', limit: 10 },
  });
  expect(answer.json()).toEqual({ tried: 3, stored: 2, refusedAgain: 1, next: null });
  await world.ask('POST', '/api/v1/dead-letters/replay');
  await world.ask('POST', '/api/v1/dead-letters/replay', { payload: { after: 3, limit: 10_000 } });
  expect(world.replays).toEqual([
    { enterprise: 'acme', code: 'store.refused-line', limit: 10 },
    { limit: 1000 },
    { after: 3, limit: 10_000 },
  ]);
  const bad = [{ limit: 0 }, { limit: 10_001 }, { after: 0 }, { code: 'x' }, { all: true }, []];
  for (const payload of bad) {
    const refused = await world.ask('POST', '/api/v1/dead-letters/replay', { payload });
    expect(refused.statusCode).toBe(400);
  }
  expect(world.replays).toHaveLength(3);
});
