/** `registry claim-add`, `claim-list`, `claim-revoke` and `claim-serials`. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { serialsIn } from '../../../gateway/commands/serial-file.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { limits } from '../../../model/limits.ts';
import {
  type CommandWorld,
  RegistryCommands,
  runningWorld,
  stoppedWorld,
} from './command-world.ts';

describe.each([
  ['a running gateway', runningWorld],
  ['the files', stoppedWorld],
] as const)('claims, with %s', (_name, open) => {
  let world: CommandWorld;
  const registry = new RegistryCommands(() => world);
  beforeEach(async () => {
    world = await open();
  });
  afterEach(() => world.close());

  const hashOf = (id: string) =>
    world.withRegistry(async (open) => (await open.claim('acme', id))?.secretHash);

  it('are printed once, with all that a machine needs to use them', async () => {
    const line = 'claim-add --enterprise acme --profile generic --devices 7 --expires 12h';
    const { stdout, stderr, exitCode } = await registry.run(line);
    expect(exitCode, stderr).toBe(0);
    const fields = Object.fromEntries(
      stdout
        .trimEnd()
        .split('\n')
        .map((text) => text.split(/ {2,}/)),
    );
    expect(fields).toMatchObject({
      'good for': expect.stringMatching(/^7 devices until 20/),
      serials: 'any',
      profile: 'generic',
      'client id': 'acme.claim.{serial}',
      'user name': `acme/claim/${fields.claim}`,
      'subscribe to': 'onramp/v1/acme/provision/{serial}/response',
      'publish to': 'onramp/v1/acme/provision/{serial}/request',
      request: '{"serial":"{serial}"}',
    });
    expect(await hashOf(fields.claim!)).toEqual(secretHash(fields.password!));
    expect(stderr).toMatch(/stored nowhere/);
    expect(stderr).not.toContain(fields.password);
    for (const form of ['claim-list', 'claim-list --json', 'audit --json']) {
      expect(await registry.ok(form)).not.toContain(fields.password);
    }
  });

  it('are listed with what is left of them', async () => {
    const first = await registry.json('claim-add --enterprise acme --devices 3');
    const second = await registry.json('claim-add --enterprise acme');
    expect(second).toMatchObject({ devicesMax: 100, serials: null, profile: null });
    expect(second.request).toBe('{"serial":"{serial}","profile":"{profile}"}');
    await world.withRegistry((open) =>
      open.claims.provision({
        enterprise: 'acme',
        claim: first.id,
        serial: 'sn-1',
        profile: 'generic',
        secret: 'a secret that is long enough',
        nowMs: first.createdAtMs,
      }),
    );
    const revoked = await registry.ok(`claim-revoke --enterprise acme --claim ${second.id}`);
    expect(revoked).toBe(`acme.${second.id}  revoked, 0 devices keep their own\n`);
    const lines = (await registry.ok('claim-list --enterprise acme')).split('\n');
    expect(lines[0]).toMatch(/^CLAIM +STATE +DEVICES +SERIALS +PROFILE +EXPIRES +NAME$/);
    const lineOf = ({ key }: { key: string }) => lines.find((text) => text.startsWith(key));
    expect(lineOf(first)).toMatch(/ valid +1\/3 +any /);
    expect(lineOf(second)).toMatch(/ revoked +0\/100 +any /);
    expect(await registry.ok('claim-list --enterprise beta')).not.toContain('\nacme.');
    const page = await registry.run('claim-list --limit 1');
    expect(page.stderr).toContain('There may be more: --after acme.');
    expect(await registry.failure('claim-revoke --enterprise acme --claim none')).toEqual([
      'registry.not-found',
      1,
    ]);
  });

  it('may be for listed serials only, and the list may grow', async () => {
    const file = world.file('serials.txt', '\uFEFFsn-1\r\nsn-2\r\n\r\n sn-2 \r\n');
    const claim = await registry.json(`claim-add --enterprise acme --serials ${file}`);
    expect(claim).toMatchObject({ serials: 2, devicesMax: 2 });
    const line = `claim-serials - --enterprise acme --claim ${claim.id}`;
    expect(await registry.ok(line, 'sn-3\nsn-1\n')).toBe(
      `acme.${claim.id}  3 serials are listed\n`,
    );
    expect(await registry.json(line, 'sn-4\n')).toMatchObject({ serials: 4 });
    const open = await registry.json('claim-add --enterprise acme');
    const refused = await registry.run(
      `claim-serials - --enterprise acme --claim ${open.id}`,
      'sn-1\n',
    );
    expect(refused.stderr).toMatch(/any serial may use this claim/);
  });

  it('take a list that is larger than a request', async () => {
    const many = Array.from({ length: 25_000 }, (_, i) => `sn-${'x'.repeat(50)}-${i}\n`).join('');
    const claim = await registry.json('claim-add --enterprise acme --serials -', many);
    expect(claim).toMatchObject({ serials: 25_000, devicesMax: 25_000 });
    expect((await registry.json('claim-list')).items).toMatchObject([{ serials: 25_000 }]);
  });

  it('are not issued from a file that is wrong, or in terms that make no sense', async () => {
    const { exitCode, stderr } = await registry.run(
      'claim-add --enterprise acme --serials -',
      'sn-1\nSN 2\n\nclaim\n',
    );
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(
      /error: registry\.id-invalid: .*\n {2}line 2: "SN 2"\n {2}line 4: "claim"\n$/,
    );
    expect(await registry.failure('claim-add --enterprise acme --serials /no/file')).toEqual([
      'command.file-unreadable',
      1,
    ]);
    expect((await registry.run('claim-add --enterprise acme --devices 0')).exitCode).toBe(2);
    expect(await registry.failure('claim-add --enterprise acme --expires soon')).toEqual([
      'api.bad-request',
      2,
    ]);
    expect(await registry.failure('claim-add --enterprise acme --profile none')).toEqual([
      'registry.unknown-profile',
      1,
    ]);
    expect((await registry.json('claim-list')).items).toEqual([]);
  });
});

it('a file of serials has no more of them than a claim', async () => {
  const world = await stoppedWorld();
  const many = Array.from({ length: limits.claimSerialsMax + 1 }, (_, i) => `${i}\n`).join('');
  const file = world.file('serials.txt', many);
  await expect(serialsIn(file, process.stdin)).rejects.toMatchObject({ code: 'registry.too-many' });
  await world.close();
});
