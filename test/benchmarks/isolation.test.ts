import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { ProbeAddresses } from '../../benchmarks/isolation/addresses.ts';
import type { HttpProbe } from '../../benchmarks/isolation/http-probe.ts';
import { httpProbes } from '../../benchmarks/isolation/http-probes.ts';
import { routes } from '../../benchmarks/isolation/http-routes.ts';
import { mqttProbes } from '../../benchmarks/isolation/mqtt-probes.ts';
import { mark, none, other, own, type TokenName } from '../../benchmarks/isolation/names.ts';
import { judge, Tally } from '../../benchmarks/isolation/outcome.ts';
import { type HttpStage, tryHttp } from '../../benchmarks/isolation/try-http.ts';
import { openApiDocument } from '../../gateway/api/openapi.ts';
import type { Declared } from '../../gateway/api/route.ts';
import { ApiWorld, declaredRoutes } from '../gateway/api/api-world.ts';

describe('an outcome', () => {
  test.each([
    ['connack 5', 'connack 5', 'held'],
    ['connack 5', 'connected', 'leak'],
    ['connack 5', 'connack 4', 'unexpected'],
    ['closed', 'puback', 'leak'],
    ['closed', 'taken', 'leak'],
    ['closed', 'silent', 'unexpected'],
    ['suback 128', 'suback 0', 'leak'],
    ['suback 128', 'received onramp/v1/wall-b/machine/telemetry', 'leak'],
    ['answer claim.spent', 'answer ok', 'leak'],
    ['puback', 'closed', 'unexpected'],
    ['puback', 'puback', 'held'],
    ['404 registry.not-found', '200', 'leak'],
    ['404 registry.not-found', '201', 'leak'],
    ['404 registry.not-found', 'told apart', 'leak'],
    ['404 registry.not-found', '403 api.forbidden', 'unexpected'],
    ['200', `shows ${mark}`, 'leak'],
  ])('that should be %s and is %s: %s', (expected, outcome, judgement) => {
    expect(judge(expected, outcome)).toBe(judgement);
  });

  test('is counted, and the first are named', () => {
    const tally = new Tally(2);
    tally.note('a', 'closed', 'closed');
    tally.note('b', 'closed', 'puback');
    tally.note('c', 'closed', 'silent');
    tally.note('d', 'closed', 'connack 4');
    tally.note('e', 'silent', 'silent');
    tally.leaked('f is there');
    expect(tally).toMatchObject({ probes: 5, leaks: 2, traces: 1, unexpected: 2, silent: 1 });
    expect(tally.examples).toEqual([
      'leak: b: puback, not closed',
      'unexpected: c: silent, not closed',
    ]);
  });
});

test('no address has more attempts than any door forgives', () => {
  const addresses = new ProbeAddresses();
  const used = Array.from({ length: 5000 }, () => addresses.next());
  const counts = Map.groupBy(used, (address) => address);
  expect(Math.max(...[...counts.values()].map(({ length }) => length))).toBeLessThan(10);
  expect(used.every((address) => /^127\.9\.\d+\.\d+$/.test(address))).toBe(true);
});

/** Who may use a route, as the suite would say it. */
function audienceOf({ access }: Declared): string {
  if (access === 'open') return 'anybody';
  const { roles, scope } = access;
  if (roles.length === 0) return 'operator';
  if (scope === 'gateway') return 'viewers of all';
  if (!roles.includes('viewer')) return 'owners';
  return scope === 'list' ? 'readers, its own rows' : 'readers';
}

describe('the routes', () => {
  test('are those of the API, for whom the API says', async () => {
    const world = new ApiWorld();
    const declared = await declaredRoutes(world);
    const expected = declared.map((each) => [`${each.method} ${each.url}`, audienceOf(each)]);
    const known = Object.entries(routes).map(([name, { audience }]) => [name, audience]);
    expect(known.sort()).toEqual(expected.sort());
    const tally = new Tally();
    const ids = { [own]: 'a', [other]: 'b' };
    const probes = httpProbes(openApiDocument(declared), ids, tally);
    expect(tally.unexpected).toBe(0);
    expect(probes.length).toBeGreaterThan(500);
    for (const { access, method, url } of declared) {
      if (access === 'open') continue;
      const tried = probes.filter(({ what }) => what.startsWith(`${method} ${url} `));
      expect(tried.length, `${method} ${url}`).toBeGreaterThanOrEqual(8);
    }
    await world.close();
  });

  test('that the suite does not know fail it, as do those that are gone', () => {
    const tally = new Tally();
    const document = { paths: { '/api/v1/secrets': { get: {} } } };
    httpProbes(document, { [own]: 'a', [other]: 'b' }, tally);
    expect(tally.unexpected).toBe(1 + Object.keys(routes).length);
    expect(tally.examples[0]).toBe(
      'unexpected: GET /api/v1/secrets: the suite knows no such route',
    );
  });
});

test('every attempt over MQTT has a name of its own', () => {
  const names = mqttProbes.map(({ card, tls, what }) => `${card} ${tls} ${what}`);
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([]);
  expect(names.length).toBeGreaterThan(400);
});

describe('an answer', () => {
  let server: Server | null = null;
  afterEach(() => server?.close());

  async function serving(
    answer: (request: IncomingMessage, response: ServerResponse) => void,
  ): Promise<HttpStage> {
    server = createServer(answer);
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const tokens = { enterprise: 'its-own' } as Record<TokenName, string>;
    const httpUrl = `http://127.0.0.1:${port}`;
    return { httpUrl, addresses: new ProbeAddresses(), answerMs: 5000, tokens };
  }

  const ask = (enterprise: string) => ({ method: 'GET', url: `/devices/${enterprise}.machine` });
  const probe: HttpProbe = {
    token: 'enterprise',
    what: 'a device',
    request: ask(other),
    twin: { request: ask(none), texts: [other, none] },
    never: [mark],
    expects: '404 registry.not-found',
  };

  const refusal = (detail: string | undefined) =>
    JSON.stringify({ code: 'registry.not-found', detail });

  test('that is the same for what is and for what is not is held', async () => {
    const stage = await serving(({ url }, response) => response.writeHead(404).end(refusal(url)));
    expect(await tryHttp(probe, stage)).toBe(probe.expects);
  });

  test.each([
    [
      'by its body',
      (there: boolean, response: ServerResponse) =>
        response.writeHead(404).end(refusal(there ? 'not yours' : 'not there')),
    ],
    [
      'by its status',
      (there: boolean, response: ServerResponse) =>
        response.writeHead(there ? 403 : 404).end(refusal('')),
    ],
    [
      'by a header',
      (there: boolean, response: ServerResponse) =>
        response.writeHead(404, there ? { etag: '"1"' } : {}).end(refusal('')),
    ],
  ])('that tells %s which enterprise there is, is a leak', async (_by, answer) => {
    const stage = await serving(({ url = '' }, response) => {
      answer(url.includes(other), response);
    });
    expect(judge(probe.expects, await tryHttp(probe, stage))).toBe('leak');
  });

  test('that holds what must not be shown is a leak, whatever its status', async () => {
    const stage = await serving((_request, response) => response.writeHead(404).end(`no ${mark}`));
    expect(await tryHttp(probe, stage)).toBe(`shows ${mark}`);
  });

  test('that is a stream without end is known by its status', async () => {
    const stage = await serving((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders();
    });
    expect(await tryHttp({ ...probe, expects: '200' }, stage)).toBe('200');
  });
});
