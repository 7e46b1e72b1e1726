/**
 * The README's own lines, run as they stand but for the ports: a device nobody here wrote
 * (mosquitto_pub) becomes a row in InfluxDB, and what is refused is refused.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Influxd } from '../helpers/influxd.ts';
import { freePort, programIsThere } from '../helpers/services.ts';

const there = ['influxd', 'influx', 'mosquitto_pub', 'mosquitto_rr', 'curl']
  .map(programIsThere)
  .every(Boolean);
const repository = process.cwd();

/** The shell lines of the README under a mark. */
function lines(mark: string): string {
  const readme = readFileSync('README.md', 'utf8');
  const block = new RegExp(
    `<!-- lines that are tested: ${mark} -->\n\`\`\`bash\n([\\s\\S]*?)\`\`\``,
  );
  const found = block.exec(readme)?.[1];
  if (found === undefined) throw new Error(`README.md has no lines for ${mark}`);
  return found;
}

describe.skipIf(!there)('the lines of the README', () => {
  const folder = mkdtempSync(join(tmpdir(), 'onramp-readme-'));
  let influxd: Influxd;
  let gateway: ChildProcess;
  const ports = { http: 0, mqtt: 0, tls: 0 };

  /** The same lines for ports that are free here. */
  function here(shell: string): string {
    const influxPort = new URL(influxd.url).port;
    return shell
      .replaceAll('127.0.0.1:8086', `127.0.0.1:${influxPort}`)
      .replaceAll('127.0.0.1:8080', `127.0.0.1:${ports.http}`)
      .replaceAll('influx -database', `influx -port ${influxPort} -database`)
      .replaceAll('-p 8883', `-p ${ports.tls}`)
      .replaceAll(/mosquitto_(pub|rr) (?!-h)/g, `mosquitto_$1 -p ${ports.mqtt} `)
      .replaceAll(
        'npx onramp gateway',
        `npx onramp gateway --http-port ${ports.http} --mqtt-port ${ports.mqtt} --mqtt-tls-port ${ports.tls}`,
      )
      .replaceAll('npx onramp', `${join(repository, 'onramp.ts')}`);
  }

  const env = {
    ...process.env,
    PATH: `${join(repository, 'node_modules/.bin')}:${process.env.PATH}`,
  };

  async function run(shell: string): Promise<string> {
    const { stdout } = await promisify(execFile)('bash', ['-c', `set -e\n${here(shell)}`], {
      cwd: folder,
      env,
    });
    return stdout;
  }

  beforeAll(async () => {
    influxd = await Influxd.start();
    ports.http = await freePort();
    ports.mqtt = await freePort();
    ports.tls = await freePort();
    const start = here(lines('gateway')).replace(/^(.*onramp\.ts gateway)/m, 'exec $1');
    gateway = spawn('bash', ['-c', start], { cwd: folder, env, stdio: 'ignore' });
    const ready = () => fetch(`http://127.0.0.1:${ports.http}/readyz`).then(({ ok }) => ok);
    for (let tries = 0; !(await ready().catch(() => false)); tries++) {
      if (tries > 300) throw new Error('the gateway did not start');
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }, 90_000);

  afterAll(async () => {
    const gone = new Promise((resolve) => gateway.once('exit', resolve));
    gateway.kill('SIGTERM');
    await gone;
    await influxd.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  /** The row may take its moment; asking again is what a person would do. */
  const query = lines('generic').trim().split('\n').at(-1) ?? '';

  test('a generic machine: its values are in InfluxDB', async () => {
    const shell = lines('generic');
    await run(shell.replace(query, ''));
    await expect.poll(() => run(query), { timeout: 20_000 }).toContain('P-0815');
    expect(await run(query)).toContain('36.5');
  });

  test('a machine with a profile from CSV, and what is refused', async () => {
    const shell = lines('csv');
    const select = shell.trim().split('\n').at(-1) ?? '';
    // One shell, as in the README: the password is used again.
    const metrics = await run(`${shell.replace(select, '')}\n${lines('refused')}`);
    await expect.poll(() => run(select), { timeout: 20_000 }).toContain('812.5');
    expect(metrics).toMatch(/onramp_refusals_total\{code="connect.bad-credentials"\} 1/);
    expect(metrics).toMatch(/onramp_refusals_total\{code="topic.not-allowed"\} 1/);
  }, 60_000);

  /** When its first row is in the store, a device is active. */
  const states = async () => {
    const listed = await run('npx onramp registry list --enterprise acme --json');
    const { items } = JSON.parse(listed) as { items: { device: string; state: string }[] };
    return Object.fromEntries(items.map(({ device, state }) => [device, state]));
  };

  test.each([
    ['claim', 'sn-0001'],
    ['group', 'press-3'],
    ['certificate', 'press-4'],
    ['import', 'press-5'],
  ])(
    'coming on board by %s: %s is active',
    async (way, device) => {
      await run(lines(way));
      await expect.poll(states, { timeout: 20_000 }).toMatchObject({ [device]: 'active' });
    },
    60_000,
  );

  test('suspended, resumed, revoked', async () => {
    const said = await run(lines('suspend'));
    expect(said).toMatch(/blocked \(suspended\)\n.*\n.*blocked \(revoked\)\nTIME /);
    expect(said).toMatch(/ suspend .* sends nonsense\n/);
    expect(await states()).toMatchObject({ 'press-5': 'revoked' });
  }, 60_000);
});
