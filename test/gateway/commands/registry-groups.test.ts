/** `registry group-add`, `group-list`, `group-revoke` and `group-secret`. */

import { existsSync, readFileSync, statSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { groupSecret } from '../../../model/group-secret.ts';
import {
  type CommandWorld,
  RegistryCommands,
  run,
  runningWorld,
  stoppedWorld,
} from './command-world.ts';

const add = 'group-add --enterprise acme --profile generic';

describe.each([
  ['a running gateway', runningWorld],
  ['the files', stoppedWorld],
] as const)('group keys, with %s', (_name, open) => {
  let world: CommandWorld;
  const registry = new RegistryCommands(() => world);
  const known = () => world.withRegistry((open) => open.groups('acme'));
  beforeEach(async () => {
    world = await open();
  });
  afterEach(() => world.close());

  it('are printed once', async () => {
    const { stdout, stderr } = await registry.run(add);
    const key = /\nkey +(\S+)\n/.exec(stdout)![1]!;
    const [group] = await known();
    expect(group!.key.toString('base64')).toBe(key);
    expect(stdout).toContain(`group      ${group!.id}\n`);
    expect(stdout).toMatch(/\ndevices +up to 100000\n/);
    expect(stderr).toMatch(/keep it now/);
    expect(stderr).not.toContain(key);
    for (const form of ['group-list', 'group-list --json', 'audit --json']) {
      expect(await registry.ok(form)).not.toContain(key);
    }
    expect(await registry.json(add)).toHaveProperty('groupKey');
    expect(await registry.json(`${add} --devices 7`)).toMatchObject({ devicesMax: 7 });
  });

  it('are made in a file of their owner, or taken from it', async () => {
    const file = `${world.file('x', '')}.key`;
    const made = await registry.json(`${add} --key-file ${file}`);
    expect(made).toMatchObject({ keyFile: file, profile: 'generic' });
    const key = readFileSync(file, 'utf8').trim();
    expect(JSON.stringify(made)).not.toContain(key);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(Buffer.from(key, 'base64')).toHaveLength(64);
    expect((await known()).map((group) => group.key.toString('base64'))).toEqual([key]);

    const text = await registry.ok(`${add} --key-file ${file}`);
    expect(text).not.toContain(key);
    expect((await known()).map((group) => group.key.toString('base64'))).toEqual([key, key]);
    const short = world.file('short.key', 'c2hvcnQ=\n');
    expect((await registry.failure(`${add} --key-file ${short}`))[1]).toBe(1);
    const nowhere = '/no/such/folder/acme.key';
    expect(await registry.failure(`${add} --key-file ${nowhere}`)).toEqual([
      'command.file-unwritable',
      1,
    ]);
    expect(await known()).toHaveLength(2);
  });

  it('are revoked when that is confirmed, with the credentials of their devices', async () => {
    const { id, groupKey } = await registry.json(add);
    const secret = groupSecret(Buffer.from(groupKey, 'base64'), 'press-7');
    await world.withRegistry((open) =>
      open.groupKeys.enrol({ enterprise: 'acme', group: id, device: 'press-7', secret, nowMs: 1 }),
    );
    const line = `group-revoke --enterprise acme --group ${id}`;
    expect(await registry.failure(line)).toEqual(['config.invalid', 2]);
    const refused = await registry.run(line, 'n\n', { terminal: true });
    expect(refused.stderr).toMatch(/command\.not-confirmed/);
    expect(await registry.ok('group-list')).toMatch(/ valid +1\/100000 +generic /);
    expect(await registry.ok(`${line} --yes`)).toBe(
      `acme.${id}  revoked, the credentials of 1 devices are void; they are suspended\n`,
    );
    expect(await registry.ok('group-list --enterprise acme')).toMatch(
      / revoked +1\/100000 +generic /,
    );
    expect(await registry.failure(`group-revoke --enterprise acme --group none --yes`)).toEqual([
      'registry.not-found',
      1,
    ]);
    if ('api' in world) {
      const { told } = (world as Awaited<ReturnType<typeof runningWorld>>).api.onboarding;
      expect(told).toContain('identity acme.press-7 device.suspended');
    }
  });
});

describe('group-secret', () => {
  const secretOf = (file: string, device: string, ...more: string[]) =>
    run(['registry', 'group-secret', '--key-file', file, '--device', device, ...more]);

  it('derives what the gateway will derive, without any gateway or data folder', async () => {
    const world = await stoppedWorld();
    const key = Buffer.alloc(64, 5);
    const file = world.file('acme.key', `${key.toString('base64')}\n`);
    const secret = groupSecret(key, 'press-7');
    const nowhere = ['--data', '/no/such/folder'];
    expect(await secretOf(file, 'press-7', ...nowhere)).toEqual({
      stdout: `${secret}\n`,
      stderr: '',
      exitCode: 0,
    });
    const json = await secretOf(file, 'press-7', '--json');
    expect(JSON.parse(json.stdout)).toEqual({ device: 'press-7', secret });
    await world.close();
  });

  it('needs a key and an id', async () => {
    const world = await stoppedWorld();
    const file = world.file('bad.key', 'not a key');
    const good = world.file('acme.key', Buffer.alloc(64).toString('base64'));
    expect((await secretOf(file, 'press-7')).stderr).toMatch(/32 to 128 bytes/);
    expect((await secretOf(good, 'Press 7')).stderr).toMatch(/^error: registry\.id-invalid: /);
    const missing = `${file}.missing`;
    expect((await secretOf(missing, 'press-7')).stderr).toMatch(/command\.file-unreadable/);
    expect(existsSync(missing)).toBe(false);
    await world.close();
  });
});
