/** `registry trial` and `registry watch`, against a gateway that runs, and without one. */

import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventHub } from '../../../gateway/device-events/event-hub.ts';
import { systemClock } from '../../../model/clock.ts';
import { type CommandWorld, runningWorld, stoppedWorld } from './command-world.ts';

/** Counts who has come to watch. */
class JoinedHub extends EventHub {
  joined = 0;
  override join(key: string) {
    this.joined += 1;
    return super.join(key);
  }
}

describe('with a gateway', () => {
  let world: Awaited<ReturnType<typeof runningWorld>>;
  let hub: JoinedHub;
  beforeEach(async () => {
    world = await runningWorld();
    hub = new JoinedHub({ clock: systemClock, watch() {} });
    world.api.onboarding.events = hub;
  });
  afterEach(async () => {
    hub.close();
    await world.close();
  });

  it.each([
    ['en', /^A trial for acme, until .*\/ acme 的试用/, 'With TLS / TLS 加密'],
    ['zh', /^acme 的试用.*\/ A trial for acme, until/, 'TLS 加密 / With TLS'],
  ])('prints the card in both languages, %s first', async (lang, first, tls) => {
    world.api.endpoint = {
      ...world.api.endpoint,
      mqtt: {
        ...{ host: '10.0.0.5', port: 1883, tlsPort: 8883 },
        tls: { fingerprint: 'AA:BB', ca: '-----BEGIN…\n' },
      },
      notes: [{ en: 'Mind the gap.', zh: '小心缝隙。' }],
    };
    const args = ['registry', 'trial', '--enterprise', 'acme', '--name', 'Acme', '--lang', lang];
    const { exitCode, stdout } = await world.run(args);
    expect(exitCode).toBe(0);
    expect(stdout.split('\n')[0]).toMatch(first);
    for (const part of [tls, 'AA:BB', 'acme.machine-1', 'mosquitto_pub -h 10.0.0.5', 'onramp_']) {
      expect(stdout).toContain(part);
    }
    expect(stdout).toMatch(/! Mind the gap\.\n|! 小心缝隙。\n/);
    expect(stdout).toContain('npx onramp doctor --card card.json');
    expect(stdout).toContain('npx onramp registry watch --enterprise acme --device machine-1');
  });

  it('writes the card for its owner only, and never over a file', async () => {
    const path = join(world.data, 'card.json');
    const args = ['registry', 'trial', '--profile', 'generic', '--card', path];
    const first = await world.run([...args, '--json']);
    expect(first.exitCode).toBe(0);
    expect(statSync(path).mode & 0o077).toBe(0);
    const card = readFileSync(path, 'utf8');
    expect(JSON.parse(card)).toEqual(JSON.parse(first.stdout).card);
    const second = await world.run(args);
    expect([second.exitCode, second.stdout]).toEqual([1, '']);
    expect(second.stderr).toContain('command.file-unwritable');
    expect(readFileSync(path, 'utf8')).toBe(card);
    await world.withRegistry(async (registry) => {
      expect((await registry.counts()).enterprises).toBe(1);
    });
    const other = join(world.data, 'other.json');
    const refused = await world.run(['registry', 'trial', '--profile', 'no', '--card', other]);
    expect(refused.stderr).toContain('trial.invalid');
    expect(existsSync(other)).toBe(false);
  });

  it('reads a table in the encoding a spreadsheet saved it in, and names its mistakes', async () => {
    // name,type,zh and a Chinese label in GB18030.
    const label = Buffer.from([0xd1, 0xb9, 0xc1, 0xa6]);
    const table = Buffer.concat([Buffer.from('name,type,zh\r\nforce,float,'), label]);
    const file = world.file('press.csv', '');
    writeFileSync(file, table);
    const args = ['registry', 'trial', '--enterprise', 'acme', '--csv', file, '--json'];
    expect((await world.run(args)).exitCode).toBe(0);
    await world.withRegistry(async (registry) => {
      const profile = await registry.profile('acme.machine');
      expect(profile?.signals[0]).toMatchObject({ id: 'force', name: { zh: '压力' } });
    });
    const bad = world.file('bad.csv', 'name,type\nforce,flaot\nforce,float\n');
    const refused = await world.run(['registry', 'trial', '--csv', bad]);
    expect(refused.stderr).toMatch(/trial.invalid[\s\S]*csv: row 2, type[\s\S]*csv: row 3, name/);
    const none = await world.run(['registry', 'trial', '--csv', join(world.data, 'none.csv')]);
    expect(none.stderr).toContain('command.file-unreadable');
  });

  it('watches: what was, then what happens, in one sentence each', async () => {
    await world.run(['registry', 'trial', '--enterprise', 'acme']);
    const event = { key: 'acme.machine-1', atMs: 1_767_225_600_000, code: null, count: 1 };
    const told = () => {
      const detail = 'a\u001b[31m: 1 is not in 2 to 3';
      hub.tell([{ ...event, kind: 'connected', detail: '' }]);
      const code = 'signal.out-of-range' as const;
      hub.tell([{ ...event, kind: 'field-refused', code, detail, count: 4 }]);
    };
    told();
    const args = ['registry', 'watch', '--enterprise', 'acme', '--device', 'machine-1'];
    const watching = world.run([...args, '--lang', 'zh']);
    const english = world.run([...args, '--lang', 'en']);
    const asJson = world.run([...args, '--json']);
    await expect.poll(() => hub.joined).toBe(3);
    hub.tell([{ ...event, kind: 'first-row', detail: '' }]);
    hub.close();
    const { exitCode, stderr, stdout } = await watching;
    expect(stdout.split('\n')).toEqual([
      expect.stringMatching(/^\d\d:\d\d:\d\d {2}设备已连接。$/),
      expect.stringMatching(/^\d\d:\d\d:\d\d {2}a \[31m:1 不在 2 至 3 的量程内——.*。 \(×4\)$/),
      expect.stringMatching(/第一条数据已写入存储。$/),
      '',
    ]);
    expect([exitCode, stderr]).toEqual([1, expect.stringContaining('gateway-unreachable')]);
    expect((await english).stdout).toContain('The first row of this device is in the store.');
    const lines = (await asJson).stdout.trim().split('\n');
    expect(lines.map((line) => JSON.parse(line).kind)).toEqual([
      'connected',
      'field-refused',
      'first-row',
    ]);
  });

  it('--watch goes on after the card; a device that is not there is named', async () => {
    const watching = world.run(['registry', 'trial', '--enterprise', 'acme', '--watch', '--json']);
    await expect.poll(() => hub.joined).toBe(1);
    hub.tell([
      { key: 'acme.machine-1', atMs: 5, kind: 'connected', code: null, detail: '', count: 1 },
    ]);
    hub.close();
    const lines = (await watching).stdout.trim().split('\n');
    expect(JSON.parse(lines[0]!)).toMatchObject({ enterprise: 'acme' });
    expect(JSON.parse(lines[1]!)).toMatchObject({ kind: 'connected' });
    const unknown = await world.run([
      'registry',
      'watch',
      '--enterprise',
      'acme',
      '--device',
      'none',
    ]);
    expect([unknown.exitCode, unknown.stderr]).toEqual([
      1,
      expect.stringContaining('registry.not-found'),
    ]);
  });
});

describe('without a gateway', () => {
  let world: CommandWorld;
  beforeEach(async () => {
    world = await stoppedWorld();
  });
  afterEach(() => world.close());

  it('nothing begins, nothing is watched, and it is said why', async () => {
    await world.run(['registry', 'add', '--enterprise', 'a', '--device', 'd', '--profile', 'agv']);
    for (const args of [['trial'], ['watch', '--enterprise', 'a', '--device', 'd']]) {
      const { exitCode, stderr, stdout } = await world.run(['registry', ...args]);
      expect([exitCode, stdout]).toEqual([1, '']);
      expect(stderr).toContain('command.needs-gateway');
    }
    await world.withRegistry(async (registry) => {
      expect((await registry.counts()).enterprises).toBe(1);
    });
  });

  it('a card has no address, and says so', async () => {
    const args = ['registry', 'add', '--enterprise', 'a', '--device', 'd', '--profile', 'agv'];
    const card = JSON.parse((await world.run([...args, '--json'])).stdout);
    expect(card).toMatchObject({ clientId: 'a.d', mqtt: null, apiUrl: null, snippets: [] });
    expect(card.notes).toEqual([
      { en: expect.stringContaining('No gateway runs'), zh: expect.stringContaining('网关未运行') },
    ]);
  });
});
