/** The simulator and the doctor against a real gateway: what they expect of each other is so. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { systemClock } from '../../model/clock.ts';
import { builtInProfiles } from '../../model/profiles/index.ts';
import { simulate } from '../../simulator/command.ts';
import { doctor } from '../../simulator/doctor/command.ts';
import type { Finding } from '../../simulator/doctor/finding.ts';
import type { SimulationReport } from '../../simulator/report.ts';
import { TestGateway } from '../helpers/gateway.ts';

let gateway: TestGateway;
let folder: string;

beforeAll(async () => {
  gateway = await TestGateway.start({});
  folder = mkdtempSync(join(tmpdir(), 'onramp-fleet-'));
});
afterAll(async () => {
  await gateway.stop();
  rmSync(folder, { recursive: true });
});

const inData = (name: string): string => join(gateway.data, name);
const target = (): string => `mqtt://127.0.0.1:${gateway.address.mqttPort}`;

async function play(flags: Record<string, unknown>) {
  let stdout = '';
  const given = {
    target: target(),
    ...{ devices: 40, enterprises: 4, duration: '500ms', interval: '500ms' },
    ...{ publishDelayMax: '60s', eventLoopLagMax: '60s' },
    ...flags,
  };
  const code = await simulate(given, true, {
    clock: systemClock,
    signal: new AbortController().signal,
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: () => undefined },
  });
  return { code, report: JSON.parse(stdout) as SimulationReport };
}

it('brings a city on board by claim, from an empty registry to its first rows, and back', async () => {
  const credentials = join(folder, 'fleet.ndjson');
  const { code, report } = await play({
    ...{ onboard: 'claim', register: true, credentials },
    ...{ api: gateway.address.httpUrl, apiTokenFile: inData('operator.token') },
    fleetKey: inData('fleet.key'),
  });
  expect(report.failures).toEqual([]);
  expect(report.onboarding).toMatchObject({
    provisioned: 40,
    acknowledged: { devices: 40 },
    stored: { devices: 40 },
    firstRowMs: { count: 40 },
  });
  expect(code).toBe(0);
  const again = await play({ credentials });
  expect(again.code).toBe(0);
  expect(again.report.connect.connected).toBe(40);
  await expect(play({ onboard: 'claim', fleetKey: inData('fleet.key') })).rejects.toMatchObject({
    code: 'simulate.claims-refused',
  });
});

it('has the doctor hear from the gateway what became of a reading', async () => {
  const { enterprise, device, ...credential } = JSON.parse(
    readFileSync(join(folder, 'fleet.ndjson'), 'utf8').split('\n')[0]!,
  );
  const { profile } = (await gateway.client.get(`/api/v1/devices/${enterprise}.${device}`)) as {
    profile: string;
  };
  const { signals } = builtInProfiles.get(profile)!;
  const ranged = signals.filter(({ hidden, range, type }) => type === 'float' && range && !hidden);
  const [good, bad] = ranged as [(typeof ranged)[number], (typeof ranged)[number]];
  const card = join(folder, 'card.json');
  writeFileSync(
    card,
    JSON.stringify({
      mqtt: { host: '127.0.0.1', port: gateway.address.mqttPort },
      ...credential,
      topic: `onramp/v1/${enterprise}/${device}/telemetry`,
      sample: { values: { [good.id]: good.range![0], [bad.id]: 1e12, pwr: 1 } },
      apiUrl: gateway.address.httpUrl,
      token: readFileSync(inData('operator.token'), 'utf8').trim(),
    }),
  );
  let stdout = '';
  const code = await doctor(
    { card, json: true },
    {
      clock: systemClock,
      env: {},
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: () => undefined },
    },
  );
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  const wrong = findings.filter(({ verdict }) => verdict === 'wrong').map(({ text }) => text);
  expect(wrong).toHaveLength(2);
  expect(wrong.some(({ en, zh }) => en.includes(bad.id) && zh.includes(bad.id))).toBe(true);
  expect(wrong.some(({ en, zh }) => en.includes('"pwr"') && zh.includes('"pwr"'))).toBe(true);
  expect(findings.at(-1)).toMatchObject({ id: 'row.stored', verdict: 'ok' });
  expect(code).toBe(1);
});
