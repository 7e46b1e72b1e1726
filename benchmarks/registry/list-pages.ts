/**
 * How long an import of 100,000 devices takes, and a page of a list of them, both over HTTP with a
 * running gateway. Run it: `node benchmarks/registry/list-pages.ts`. Prints Markdown.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { arch, cpus, platform, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import autocannon from 'autocannon';
import type { FileImportReport } from '../../gateway/api/device-import.ts';
import { parseSettings } from '../../gateway/config.ts';
import { GatewayLauncher } from '../../gateway/processes/launcher.ts';
import { buildCity, type City } from '../../model/city.ts';
import { systemClock } from '../../model/clock.ts';
import { GatewayClient } from '../gateway-client.ts';

const scale = { seed: 1, enterprises: 10_000, devices: 100_000, sensors: false };
const secondsPerList = 3;
const pageRows = 100;

interface Address {
  readonly url: string;
  readonly token: string;
}

/** Registers the enterprises with their names, so that names can be searched; then the devices. */
async function fill(address: Address, city: City): Promise<void> {
  const { seed, enterprises, devices, sensors } = scale;
  const client = new GatewayClient(address.url, address.token);
  await client.post('/api/v1/claims/import-city', { seed, enterprises, devices, sensors });
  const file = csvOf(city);
  const megabytes = (Buffer.byteLength(file) / 1e6).toFixed(1);
  const say = (what: string, seconds: number) =>
    process.stdout.write(`| ${what}, ${megabytes} MB | ${seconds.toFixed(1)} s |\n`);
  process.stdout.write('| import over HTTP | time |\n| --- | --- |\n');
  say('100,000 devices, dry run', await importSeconds(address, file, 'dryRun=true'));
  say('100,000 devices added', await importSeconds(address, file, ''));
  const changed = file.replaceAll(',sn-', ',xn-');
  say('100,000 devices updated', await importSeconds(address, changed, 'existing=update'));
}

function csvOf(city: City): string {
  const lines = ['enterprise,device,profile,district,industry,serial\n'];
  for (const { enterprise, device, profile, district, industry } of city.devices()) {
    const serial = `sn-${(lines.length * 7919) % 1_000_003}`;
    lines.push(`${enterprise},${device},${profile},${district},${industry},${serial}\n`);
  }
  return lines.join('');
}

/** From the first byte sent until the whole report, with its secrets, is read. */
async function importSeconds(address: Address, file: string, query: string): Promise<number> {
  const startMs = systemClock.monotonicMs();
  const response = await fetch(`${address.url}/api/v1/devices/import?${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${address.token}`, 'content-type': 'text/csv' },
    body: Readable.from([file], { objectMode: false }),
    duplex: 'half',
  } as RequestInit);
  const report = (await response.json()) as FileImportReport;
  if (report.rows !== scale.devices || report.badRows !== 0) {
    throw new Error(`the import failed: ${JSON.stringify(report).slice(0, 1000)}`);
  }
  return (systemClock.monotonicMs() - startMs) / 1000;
}

/** Lists of every sort: broad and narrow filters, texts in many rows, in few and in none. */
function queriesOf(city: City): Readonly<Record<string, string>> {
  const middle = city.enterprises[Math.floor(city.enterprises.length / 2)]!;
  const chinese = middle.name.zh;
  return {
    'all, first page': '',
    'all, from the middle on': `after=${middle.id}.a`,
    'an enterprise': `enterprise=${middle.id}`,
    'a district': 'district=wujin',
    'a profile': 'profile=power-meter',
    'a district, a profile and a state': 'district=wujin&profile=power-meter&state=registered',
    'a state with every device, a profile with none': 'state=registered&profile=generic',
    'gateways, of which there are none': 'kind=gateway',
    'text in a fourth of the ids': 'text=pwm',
    'text in 3,000 ids': 'text=imm-001',
    'a whole key': `text=${middle.id}.pwm-001`,
    'a serial': 'text=xn-7919',
    'text in every name': `text=${encodeURIComponent('有限公司')}`,
    'two Chinese characters of a name': `text=${encodeURIComponent(chinese.slice(2, 4))}`,
    'text in an id, a district and a state': 'text=imm&district=xinbei&state=registered',
    'text that is nowhere': 'text=zzzzzz',
    'two characters that are nowhere': 'text=zq',
  };
}

async function listed(address: Address, query: string, connections: number) {
  const result = await autocannon({
    url: `${address.url}/api/v1/devices?limit=${pageRows}&${query}`,
    headers: { authorization: `Bearer ${address.token}` },
    connections,
    duration: secondsPerList,
  });
  if (result.non2xx > 0 || result.errors > 0 || result.requests.total === 0) {
    throw new Error(`${query}: ${result.non2xx} refused, ${result.errors} failed`);
  }
  return result;
}

async function measureLists(address: Address, city: City): Promise<void> {
  process.stdout.write(`
| page of ${pageRows} | 1 connection: p50 / p99 / max ms | 10 connections: p50 / p99 ms | answers/s |
| --- | --- | --- | --- |
`);
  for (const [name, query] of Object.entries(queriesOf(city))) {
    const one = (await listed(address, query, 1)).latency;
    const ten = await listed(address, query, 10);
    const { p50, p99, max } = one;
    const many = `${ten.latency.p50} / ${ten.latency.p99}`;
    const rate = Math.round(ten.requests.average);
    process.stdout.write(`| ${name} | ${p50} / ${p99} / ${max} | ${many} | ${rate} |\n`);
  }
}

async function main(): Promise<void> {
  const data = mkdtempSync(join(tmpdir(), 'onramp-lists-'));
  const settings = parseSettings({
    data,
    logLevel: 'error',
    http: { port: 0 },
    broker: { port: 0, tlsPort: null },
  });
  const launcher = new GatewayLauncher({ settings });
  try {
    const { httpUrl: url, operatorToken: token } = await launcher.start();
    const city = buildCity(scale);
    process.stdout.write(
      `${cpus().length} cores (${platform()}, ${arch()}), Node ${process.versions.node}.\n\n`,
    );
    await fill({ url, token }, city);
    await measureLists({ url, token }, city);
  } finally {
    await launcher.stop();
    rmSync(data, { recursive: true, force: true });
  }
}

await main();
