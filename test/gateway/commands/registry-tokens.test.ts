/** `registry token-add`, `token-list`, `token-revoke` and `audit`. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CommandWorld,
  RegistryCommands,
  runningWorld,
  stoppedWorld,
} from './command-world.ts';

describe.each([
  ['a running gateway', runningWorld],
  ['the files', stoppedWorld],
] as const)('who may ask, with %s', (_name, open) => {
  let world: CommandWorld;
  const registry = new RegistryCommands(() => world);
  beforeEach(async () => {
    world = await open();
    await registry.ok('add --enterprise acme --device press-1 --profile generic');
  });
  afterEach(() => world.close());

  it('is told by tokens that are printed once', async () => {
    const line = 'token-add --role enterprise --enterprise acme --expires 7d';
    const { stdout, stderr } = await registry.run([...line.split(' '), '--name', 'MES hall 3']);
    const text = /^token +(\S+)\n/.exec(stdout)![1]!;
    const id = /\nid +(\S+)\n/.exec(stdout)![1]!;
    const verified = await world.withRegistry((open) => open.tokens.verify(text));
    expect(verified).toMatchObject({ id, role: 'enterprise', enterprise: 'acme' });
    expect(stderr).toMatch(/keep it now/);
    const secret = text.split('_').at(-1)!;
    for (const form of ['token-list', 'token-list --json', 'audit --json']) {
      expect(await registry.ok(form)).not.toContain(secret);
    }
    expect(await registry.ok('token-list --enterprise acme')).toMatch(
      new RegExp(`^TOKEN .*\\n${id} +enterprise +acme +valid .*MES hall 3\\n$`),
    );

    expect(await registry.ok(`token-revoke ${id}`)).toBe(`${id}  revoked\n`);
    expect(await world.withRegistry((open) => open.tokens.verify(text))).toBeNull();
    expect(await registry.ok('token-list')).toMatch(/ acme +revoked /);
    expect(await registry.failure('token-revoke none')).toEqual(['registry.not-found', 1]);
  });

  it('is told by a role that makes sense', async () => {
    expect(await registry.json('token-add --role viewer')).toMatchObject({ enterprise: null });
    expect((await registry.run('token-add')).exitCode).toBe(2);
    expect((await registry.run('token-add --role king')).exitCode).toBe(2);
    expect(await registry.failure('token-add --role viewer --expires 7')).toEqual([
      'api.bad-request',
      2,
    ]);
    for (const line of [
      'token-add --role enterprise',
      'token-add --role operator --enterprise acme',
    ]) {
      const outcome = await registry.run(line);
      expect(outcome.exitCode).toBe(2);
      expect(outcome.stderr).toMatch(/^error: config\.invalid: .*--role \w+ .*--enterprise/);
    }
    expect((await registry.json('token-list')).items).toHaveLength(1);
  });

  it('and who did, is in the audit trail, newest first', async () => {
    await registry.ok('suspend --enterprise acme --device press-1 --cause noise');
    const { id } = await registry.json('token-add --role viewer');
    const lines = (await registry.ok('audit')).trimEnd().split('\n');
    expect(lines[0]).toMatch(/^TIME +OF +EVENT +CHANGE +BY +CAUSE$/);
    expect(lines[1]).toMatch(/^20\S+Z +token-issued +operator /);
    expect(lines[1]).toContain(id);
    expect(lines[2]).toMatch(/ acme\.press-1 +suspend +registered > suspended +operator +noise$/);
    const page = await registry.run('audit --limit 1');
    const after = /--after (\d+)/.exec(page.stderr)![1];
    expect(await registry.ok(`audit --limit 1 --after ${after}`)).toContain(' suspend ');
    const ofDevice = await registry.json('audit --enterprise acme --device press-1');
    expect(ofDevice.items.map(({ event }: { event: string }) => event)).toEqual([
      'suspend',
      'register',
    ]);
    expect(await registry.failure('audit --device press-1')).toEqual(['config.invalid', 2]);
  });
});
