/**
 * The InfluxDB store against a local server that plays the documented answers of 2.x and 3, which
 * cannot be run here, and the misbehaviour of any. InfluxDB 1.6.7 itself: test/contract/stores.test.ts
 * and test/services/influxdb.test.ts.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test, vi } from 'vitest';
import { createStore, storeSettings } from '../../../gateway/stores/index.ts';
import type { Store } from '../../../gateway/stores/store.ts';
import { systemClock } from '../../../model/clock.ts';
import {
  answerJson,
  type PlayAnswer,
  type ScriptedHttpServer,
  scriptedHttpServer,
} from '../../helpers/scripted-http-server.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const batch = { lines: Buffer.from('m,device=d a=1 1\n'), lineCount: 1 };

function secretFile(secret: string): string {
  const file = join(temporaryFolder(), 'secret');
  writeFileSync(file, `${secret}\n`);
  return file;
}

const logger = { info: vi.fn(), warn: vi.fn(), error: vi.fn() };

function open(url: string, settings: object = {}): Promise<Store> {
  const parsed = storeSettings.parse({ kind: 'influxdb', url, ...settings });
  return createStore(parsed, { clock: systemClock, dataFolder: temporaryFolder(), logger });
}

/** Answers `/ping` as `version`, anything else by `rest`. */
const server = (version: string, rest: PlayAnswer): Promise<ScriptedHttpServer> =>
  scriptedHttpServer((request, response) => {
    if (request.path !== '/ping') return rest(request, response);
    response.writeHead(204, { 'X-Influxdb-Version': version }).end();
  });

/** A 1.x server that accepts everything but writes, which `write` answers. */
const server1 = (write: PlayAnswer): Promise<ScriptedHttpServer> =>
  server('1.8.10', (request, response) => {
    if (request.path.startsWith('/write')) return write(request, response);
    answerJson(response, 200, { results: [{ statement_id: 0 }] });
  });

describe('2.x', () => {
  const settings = () => ({
    org: 'city',
    database: 'onramp',
    retentionHours: 24,
    tokenFile: secretFile('t0ken'),
  });

  test('creates bucket and mapping, writes with the token, gzip as set', async () => {
    const { url, requests } = await server('v2.7.12', ({ method, path }, response) => {
      const route = `${method} ${path.split('?')[0]}`;
      if (route === 'GET /api/v2/buckets') return answerJson(response, 200, { buckets: [] });
      if (route === 'GET /api/v2/orgs') return answerJson(response, 200, { orgs: [{ id: 'o1' }] });
      if (route === 'POST /api/v2/buckets') {
        return answerJson(response, 201, { id: 'b1', orgID: 'o1', name: 'onramp' });
      }
      if (route === 'GET /api/v2/dbrps') return answerJson(response, 200, { content: [] });
      if (route === 'POST /api/v2/dbrps') return answerJson(response, 201, { id: 'm1' });
      response.writeHead(204).end();
    });
    const store = await open(url, { ...settings(), gzip: true });
    await store.start();
    expect(store.description).toBe('influxdb 2.7.12');
    expect(await store.write(batch)).toEqual({ status: 'stored' });
    await store.stop();

    const posted = requests.filter(({ method }) => method === 'POST');
    expect(posted.map(({ path }) => path)).toEqual([
      '/api/v2/buckets',
      '/api/v2/dbrps',
      '/api/v2/write?org=city&bucket=onramp&precision=ms',
    ]);
    expect(JSON.parse(String(posted[0]?.body))).toEqual({
      orgID: 'o1',
      name: 'onramp',
      retentionRules: [{ type: 'expire', everySeconds: 86_400 }],
    });
    expect(JSON.parse(String(posted[1]?.body))).toMatchObject({
      orgID: 'o1',
      bucketID: 'b1',
      database: 'onramp',
      default: true,
    });
    expect(posted[2]?.headers.authorization).toBe('Token t0ken');
    expect(gunzipSync(posted[2]?.body ?? '')).toEqual(batch.lines);
  });

  test('an existing bucket and mapping are left alone', async () => {
    const { url, requests } = await server('v2.7.12', ({ path }, response) => {
      if (path.startsWith('/api/v2/buckets')) {
        return answerJson(response, 200, { buckets: [{ id: 'b1', orgID: 'o1' }] });
      }
      answerJson(response, 200, { content: [{ id: 'm1', bucketID: 'b1' }] });
    });
    const store = await open(url, settings());
    await store.start();
    await store.stop();
    expect(requests.every(({ method }) => method === 'GET')).toBe(true);
  });

  test('a token without rights and a missing organization say so', async () => {
    const { url } = await server('v2.7.12', (_request, response) =>
      answerJson(response, 401, { code: 'unauthorized', message: 'unauthorized access' }),
    );
    const store = await open(url, settings());
    await expect(store.start()).rejects.toMatchObject({ code: 'store.unauthorized' });
    const { org: _org, ...rest } = settings();
    const without = await open(url, rest);
    await expect(without.start()).rejects.toMatchObject({ code: 'config.invalid' });
  });
});

describe('3', () => {
  test('is detected by the body of /ping, creates its database and says which lines are bad', async () => {
    const { url, requests } = await scriptedHttpServer(({ path }, response) => {
      if (path === '/ping') return answerJson(response, 200, { version: '3.4.1', revision: 'x' });
      if (path === '/api/v3/configure/database') return answerJson(response, 200);
      answerJson(response, 400, {
        error: 'partial write of line protocol occurred',
        data: [{ original_line: 'm,device=d a=1 1', line_number: 1, error_message: 'no' }],
      });
    });
    const settings = { tokenFile: secretFile('apiv3_x'), retentionHours: 48 };
    const store = await open(url, settings);
    await store.start();
    expect(store.description).toBe('influxdb 3.4.1');
    expect(await store.write(batch)).toEqual({
      status: 'rejected',
      lines: [{ index: 0, reason: 'no' }],
    });
    await store.stop();
    const created = requests.find(({ path }) => path === '/api/v3/configure/database');
    expect(JSON.parse(String(created?.body))).toEqual({ db: 'onramp', retention_period: '48h' });
    expect(requests.every(({ headers }) => headers.authorization === 'Bearer apiv3_x')).toBe(true);
  });
});

describe('what is no InfluxDB', () => {
  test('is refused at start, VictoriaMetrics by name', async () => {
    const other = await scriptedHttpServer((_request, response) => {
      response.writeHead(200).end('OK');
    });
    const store = await open(other.url);
    await expect(store.start()).rejects.toMatchObject({ code: 'store.unsupported' });
    other.play = (_request, response) => {
      response.writeHead(204, { 'X-Server-Hostname': 'vm' }).end();
    };
    await expect(store.start()).rejects.toThrow('VictoriaMetrics');
  });

  test('a server that is not there is tried again', async () => {
    const store = await open('http://127.0.0.1:9');
    await expect(store.start()).rejects.toMatchObject({ code: 'store.unavailable' });
    expect(await store.write(batch)).toMatchObject({ status: 'unavailable' });
  });
});

describe('a server that misbehaves', () => {
  const started = async (write: PlayAnswer, settings: object = {}) => {
    const scripted = await server1(write);
    const store = await open(scripted.url, settings);
    await store.start();
    return { store, scripted };
  };

  test('503 with Retry-After', async () => {
    const { store } = await started((_request, response) => {
      response.writeHead(503, { 'Retry-After': '3' }).end('{"error":"overloaded"}');
    });
    expect(await store.write(batch)).toEqual({
      status: 'unavailable',
      reason: '503: overloaded',
      retryAfterMs: 3000,
    });
    await store.stop();
  });

  test('never answering, and answering for ever, both end at the time limit', async () => {
    const { store, scripted } = await started(() => {}, { writeTimeoutMs: 200 });
    expect(await store.write(batch)).toMatchObject({
      status: 'unavailable',
      reason: 'no answer within 200 ms',
    });
    scripted.play = (_request, response) => {
      response.writeHead(400);
      const trickle = setInterval(() => response.write('.'), 20);
      response.on('close', () => clearInterval(trickle));
    };
    expect(await store.write(batch)).toMatchObject({ reason: 'no answer within 200 ms' });
    await store.stop();
  });

  test('a huge error body is cut, and what could be cut off is no verdict', async () => {
    const { store } = await started((_request, response) => {
      response.writeHead(400);
      const flood = (): void => {
        while (response.write(' '.repeat(65_536)));
      };
      response.on('drain', flood);
      flood();
    });
    expect(await store.write(batch)).toMatchObject({ status: 'unavailable' });
    await store.stop();
  });

  test('a connection that breaks in the middle of the answer', async () => {
    const { store } = await started((_request, response) => {
      response.writeHead(204, { 'content-length': '100' });
      response.write('half');
      setTimeout(() => response.destroy(), 20);
    });
    expect(await store.write(batch)).toMatchObject({ status: 'unavailable' });
    await store.stop();
  });

  test('a database that vanished is created again, and the batch offered again', async () => {
    let there = false;
    const { store, scripted } = await started((_request, response) => {
      if (there) response.writeHead(204).end();
      else answerJson(response, 404, { error: 'database not found: "onramp"' });
      there = true;
    });
    expect(await store.write(batch)).toMatchObject({ status: 'unavailable' });
    expect(await store.write(batch)).toEqual({ status: 'stored' });
    const created = scripted.requests.filter(({ body }) =>
      String(body).includes('CREATE+DATABASE'),
    );
    expect(created).toHaveLength(2);
    await store.stop();
  });

  test('a query that is answered with an error, with junk, or with half a line', async () => {
    const { store, scripted } = await started(() => {});
    const failsWith = async (play: PlayAnswer, message: string) => {
      scripted.play = play;
      await expect(store.totals(0)).rejects.toThrow(message);
    };
    await failsWith(
      (_, response) => answerJson(response, 200, { error: 'parse trouble' }),
      'parse',
    );
    await failsWith(
      (_, response) => answerJson(response, 200, { results: [{ error: 'timed out' }] }),
      'timed out',
    );
    await failsWith((_, response) => void response.writeHead(200).end('<html>'), 'not JSON');
    await failsWith((_, response) => void response.writeHead(502).end('bad gateway'), '502');
    await failsWith((_, response) => answerJson(response, 401, {}), 'store.unauthorized');
    await failsWith((_, response) => {
      response.writeHead(200);
      response.write('{"results":[{"ser');
      setTimeout(() => response.destroy(), 20);
    }, 'store.unavailable');
    await store.stop();
  });
});

describe('secrets', () => {
  test('come from a file or the environment, and appear nowhere else', async () => {
    const { url, requests } = await server1((_request, response) => {
      answerJson(response, 401, { error: 'authorization failed' });
    });
    vi.stubEnv('TEST_INFLUX_PASSWORD', 'geheim');
    const store = await open(url, { username: 'u', passwordEnv: 'TEST_INFLUX_PASSWORD' });
    await store.start();
    const result = await store.write(batch);
    expect(result).toMatchObject({ status: 'unavailable', code: 'store.unauthorized' });
    const basic = `Basic ${Buffer.from('u:geheim').toString('base64')}`;
    expect(requests.at(-1)?.headers.authorization).toBe(basic);
    const said = JSON.stringify([result, store.description, logger.info.mock.calls]);
    expect(said).not.toContain('geheim');
    expect(said).not.toContain(basic);
    vi.unstubAllEnvs();
    await store.stop();
    await expect(store.start()).rejects.toThrow('TEST_INFLUX_PASSWORD is not set');
  });

  test('a missing or empty file is a mistake of the configuration', async () => {
    for (const tokenFile of ['/does/not/exist', secretFile('')]) {
      const store = await open('http://127.0.0.1:9', { tokenFile });
      await expect(store.start()).rejects.toMatchObject({ code: 'config.invalid' });
    }
  });

  test.each([
    [{ url: 'http://user:secret@host:8086' }, 'credentials'],
    [{ url: 'ftp://host' }, 'url'],
    [{ password: 'secret' }, 'password'],
    [{ passwordFile: 'a', passwordEnv: 'B' }, 'not both'],
    [{ database: 'a"b' }, 'database'],
    [{ retentionHours: 0 }, 'retentionHours'],
  ])('%o is refused', (settings, said) => {
    const parsed = storeSettings.safeParse({ kind: 'influxdb', ...settings });
    expect(parsed.success).toBe(false);
    expect(JSON.stringify(parsed.error?.issues)).toContain(said);
  });
});
