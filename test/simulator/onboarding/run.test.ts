/** `onramp simulate --onboard claim`: from a platform that knows nobody to first rows, and back. */

import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../model/clock.ts';
import { fleetSecret } from '../../../model/fleet-secret.ts';
import { simulate } from '../../../simulator/command.ts';
import type { SimulationReport } from '../../../simulator/report.ts';
import {
  answerJson,
  type PlayAnswer,
  type ScriptedHttpServer,
  scriptedHttpServer,
} from '../../helpers/scripted-http-server.ts';
import { ClaimPlatform } from './claim-platform.ts';

const fleetKey = Buffer.alloc(32, 3);
const pageRows = 1000;

let platform: ClaimPlatform;
let folder: string;
let api: ScriptedHttpServer;

const afterOf = (path: string) => new URL(path, 'http://h').searchParams.get('after') ?? '';

/** What the platform knows, in pages of three, so that there is more than one. */
function page(after: string): { items: object[]; next: string | null } {
  const keys = [...platform.activatedAtMs.keys()].sort().filter((key) => key > after);
  const items = keys.slice(0, 3).map((key) => {
    const [enterprise, device] = key.split('.');
    return { enterprise, device, activatedAtMs: platform.activatedAtMs.get(key) };
  });
  return { items, next: keys.length > 3 ? keys[2]! : null };
}

const listing: PlayAnswer = ({ headers, method, path }, response) => {
  if (headers.authorization !== 'Bearer operator') {
    return answerJson(response, 401, { code: 'api.unauthorized' });
  }
  if (method === 'POST') return answerJson(response, 200, { added: 5 });
  expect(Number(new URL(path, 'http://h').searchParams.get('limit'))).toBe(pageRows);
  answerJson(response, 200, page(afterOf(path)));
};

/** Pages that were asked for without being the next of the page answered before. */
function watchLooks(): { askedOutOfTurn: string[] } {
  const askedOutOfTurn: string[] = [];
  let next: string | null = null;
  api.play = (request, response) => {
    if (request.method === 'GET') {
      const after = afterOf(request.path);
      if (after !== '' && after !== next) askedOutOfTurn.push(request.path);
      next = page(after).next;
    }
    return listing(request, response);
  };
  return { askedOutOfTurn };
}

beforeEach(async () => {
  platform = await ClaimPlatform.start();
  platform.claimSecret = (enterprise) => fleetSecret(fleetKey, enterprise, 'claim');
  folder = await mkdtemp(join(tmpdir(), 'onramp-onboard-'));
  await writeFile(join(folder, 'fleet.key'), fleetKey.toString('base64url'));
  await writeFile(join(folder, 'token'), 'operator\n');
  api = await scriptedHttpServer(listing);
});
afterEach(async () => {
  await platform.stop();
  await rm(folder, { recursive: true });
});

const onboard = { onboard: 'claim' };
const asking = () => ({ ...onboard, api: api.url, apiTokenFile: join(folder, 'token') });

async function run(flags: Record<string, unknown>, json = true) {
  let stdout = '';
  const code = await simulate(
    {
      target: flags.target ?? platform.url,
      ...{ devices: 20, enterprises: 5, interval: '200ms', duration: '500ms' },
      ...{ publishDelayMax: '60s', eventLoopLagMax: '60s', firstRowTimeout: '20s' },
      fleetKey: join(folder, 'fleet.key'),
      ...flags,
    },
    json,
    {
      clock: systemClock,
      signal: new AbortController().signal,
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: () => undefined },
    },
  );
  return { code, stdout, report: (json ? JSON.parse(stdout) : null) as SimulationReport };
}

describe('simulate --onboard claim', () => {
  it('registers the claims, brings everybody on board and knows when their rows came', async () => {
    const { code, report } = await run({ ...asking(), register: true });
    expect(code).toBe(0);
    const [registered] = api.requests;
    expect(registered).toMatchObject({ method: 'POST', path: '/api/v1/claims/import-city' });
    expect(JSON.parse(String(registered!.body))).toEqual({
      ...{ seed: 1, enterprises: 5, devices: 20, sensors: false },
    });
    const { onboarding, connect, telemetry } = report;
    expect(connect).toMatchObject({ attempted: 20, connected: 20 });
    expect(telemetry.acked).toBe(telemetry.sent);
    expect(onboarding).toMatchObject({
      provisioned: 20,
      acknowledged: { devices: 20 },
      stored: { devices: 20 },
    });
    expect(onboarding!.acknowledged.perSecond).toBeGreaterThan(0);
    const { stagesMs, firstRowMs } = onboarding!;
    expect(stagesMs.tls).toBeNull();
    const { tcp, connack, claim, provision, reconnect, puback, row } = stagesMs;
    for (const stage of [tcp, connack, claim, provision, reconnect, puback, row, firstRowMs]) {
      expect(stage!.count).toBe(20);
    }
    expect(firstRowMs!.max).toBeGreaterThanOrEqual(row!.max);
    expect(report.failures).toEqual([]);
  });

  it('reads a fleet key that the platform makes when claims are registered', async () => {
    const key = join(folder, 'made.key');
    api.play = async (request, response) => {
      if (request.method === 'POST') await writeFile(key, fleetKey.toString('base64url'));
      return listing(request, response);
    };
    const { code } = await run({ ...asking(), register: true, fleetKey: key });
    expect(code).toBe(0);
    expect(api.requests.filter(({ method }) => method === 'POST')).toHaveLength(1);
  });

  it('does not know the rows of a platform it does not ask', async () => {
    const { code, report } = await run(onboard);
    expect(code).toBe(0);
    expect(report.onboarding).toMatchObject({ stored: null, firstRowMs: null });
    expect(report.onboarding!.stagesMs.row).toBeNull();
  });

  it('is 1 when a row was not seen in time', async () => {
    api.play = (request, response) => {
      platform.activatedAtMs.delete([...platform.activatedAtMs.keys()].sort()[0]!);
      return listing(request, response);
    };
    const { code, report } = await run({ ...asking(), firstRowTimeout: '100ms' });
    expect(code).toBe(1);
    expect(report.onboarding!.stored!.devices).toBeLessThan(20);
  });

  it('counts a row that is older than its claim, instead of a time below 0', async () => {
    api.play = (request, response) => {
      for (const key of platform.activatedAtMs.keys()) platform.activatedAtMs.set(key, 1000);
      return listing(request, response);
    };
    const { code, report } = await run(asking());
    expect(code).toBe(1);
    expect(report.failures).toEqual([{ stage: 'row', code: 'older-than-claim', count: 20 }]);
    expect(report.onboarding).toMatchObject({ stored: { devices: 0 }, firstRowMs: null });
  });

  it('does not wait for a platform that will not tell', async () => {
    await writeFile(join(folder, 'token'), 'wrong');
    const { code, report } = await run({ ...asking(), firstRowTimeout: '10m' });
    expect(code).toBe(1);
    expect(report.failures).toEqual([{ stage: 'row', code: 'api.unauthorized', count: 1 }]);
  });

  it('keeps the credentials for their owner only, and comes back with them', async () => {
    const credentials = join(folder, 'fleet.ndjson');
    await run({ ...onboard, credentials });
    expect((await stat(credentials)).mode & 0o777).toBe(0o600);
    const lines = (await readFile(credentials, 'utf8')).trimEnd().split('\n');
    expect(lines).toHaveLength(20);
    for (const line of lines) {
      const { enterprise, device, clientId, username, password } = JSON.parse(line);
      expect(clientId).toBe(`${enterprise}.${device}`);
      expect(platform.passwords.get(username)).toBe(password);
    }
    platform.log.length = 0;
    const { code, report } = await run({ credentials, fleetKey: undefined });
    expect(code).toBe(0);
    expect(report.onboarding).toBeNull();
    expect(report.connect.connected).toBe(20);
    expect(platform.log.every((line) => !line.startsWith('claim'))).toBe(true);
  });

  it('comes on board in several processes, and back in another number of them', async () => {
    const credentials = join(folder, 'fleet.ndjson');
    const looks = watchLooks();
    const { code, report } = await run({
      ...asking(),
      ...{ register: true, processes: 2, credentials },
    });
    expect(code).toBe(0);
    const posts = api.requests.filter(({ method }) => method === 'POST');
    expect(posts).toHaveLength(1);
    expect(report.generator.processes).toHaveLength(2);
    expect(report.onboarding).toMatchObject({
      provisioned: 20,
      acknowledged: { devices: 20 },
      stored: { devices: 20 },
      firstRowMs: { count: 20 },
      stagesMs: { row: { count: 20 } },
    });
    // One process asks for all: each page follows the one before it, in one look at a time.
    expect(looks.askedOutOfTurn).toEqual([]);
    for (const name of ['fleet.ndjson.1', 'fleet.ndjson.2']) {
      const file = join(folder, name);
      expect((await stat(file)).mode & 0o777).toBe(0o600);
      expect((await readFile(file, 'utf8')).trimEnd().split('\n')).toHaveLength(10);
    }
    const back = await run({ credentials, fleetKey: undefined, processes: 3 });
    expect(back.code).toBe(0);
    expect(back.report.connect.connected).toBe(20);
  }, 60_000);

  it('does not wait in several processes either for a platform that will not tell', async () => {
    await writeFile(join(folder, 'token'), 'wrong');
    const { code, report } = await run({ ...asking(), firstRowTimeout: '10m', processes: 2 });
    expect(code).toBe(1);
    expect(report.failures).toEqual([{ stage: 'row', code: 'api.unauthorized', count: 1 }]);
  }, 60_000);

  it('takes the last line of a device that claimed again', async () => {
    const credentials = join(folder, 'fleet.ndjson');
    let requests = 0;
    platform.answer = (_, times, granted) => [
      JSON.stringify(times === 1 && ++requests % 2 ? { ...granted, password: 'void' } : granted),
    ];
    await run({ ...onboard, credentials, backoff: '50ms', duration: '2s' });
    expect((await readFile(credentials, 'utf8')).trimEnd().split('\n')).toHaveLength(30);
    const { report } = await run({ credentials });
    expect(report.connect.connected).toBe(20);
  });

  it.each([
    ['writes over no file', '', onboard, /exists; leave out --onboard/],
    [
      'needs every credential',
      '{"enterprise":"e1","device":"x","password":"y"}\n',
      {},
      /has no credential of 20 devices, such as e1\./,
    ],
    ['says which line is wrong', '{"enterprise":"e1"}\n', {}, /line 1 is not a credential/],
  ])('%s', async (_, content, flags, message) => {
    const credentials = join(folder, 'fleet.ndjson');
    await writeFile(credentials, content);
    await expect(run({ credentials, ...flags })).rejects.toThrow(message);
    expect(await readFile(credentials, 'utf8')).toBe(content);
  });

  it('fails when nobody was given a credential, and says why', async () => {
    platform.answer = () => ['{"status":"refused","code":"claim.serial-taken"}'];
    await expect(run(onboard)).rejects.toMatchObject({
      code: 'simulate.claims-refused',
      details: ['provision claim.serial-taken, 20 times'],
    });
    platform.claimSecret = () => 'of another fleet key';
    await expect(run(onboard)).rejects.toMatchObject({
      code: 'simulate.claims-refused',
      details: [expect.stringMatching(/^claim 5, \d+ times$/)],
    });
    const target = platform.url;
    await platform.stop();
    await expect(run({ ...onboard, target })).rejects.toMatchObject({
      code: 'simulate.target-unreachable',
    });
    platform = await ClaimPlatform.start();
  });

  it('fails when the claims cannot be registered', async () => {
    await writeFile(join(folder, 'token'), 'wrong');
    await expect(run({ ...asking(), register: true })).rejects.toMatchObject({
      code: 'simulate.claims-not-registered',
      details: ['api.unauthorized'],
    });
    expect(platform.log).toEqual([]);
  });

  it('prints the stages for people', async () => {
    const { stdout } = await run(asking(), false);
    expect(stdout).toMatch(/On board +20 devices got a credential/);
    expect(stdout).toMatch(/request → credential +p50/);
    expect(stdout).toMatch(/first rows +20 in [\d.]+ s, \d+ devices\/s/);
  });
});
