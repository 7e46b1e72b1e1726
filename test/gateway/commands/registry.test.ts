/** `onramp registry`, the same against a running gateway and against the files of a stopped one. */

import { appendFileSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fleetSecret, secretHash } from '../../../model/fleet-secret.ts';
import { builtInProfiles } from '../../../model/profiles/index.ts';
import { type CommandWorld, runningWorld, stoppedWorld } from './command-world.ts';

const csv = 'enterprise,device,profile\nacme,a,generic\nacme,b,env-sensor\n';
const worlds = { 'a running gateway': runningWorld, 'the files': stoppedWorld };

describe.each(Object.entries(worlds))('registry, with %s', (_name, open) => {
  let world: CommandWorld;
  beforeEach(async () => {
    world = await open();
  });
  afterEach(() => world.close());

  const registry = (line: string, stdin?: string) =>
    world.run(['registry', ...line.split(' ')], stdin);
  const ok = async (line: string, stdin?: string) => {
    const outcome = await registry(line, stdin);
    expect(outcome.exitCode, outcome.stderr).toBe(0);
    return outcome.stdout;
  };
  const hashOf = (enterprise: string, device: string) =>
    world.withRegistry(async (open) => (await open.device(enterprise, device))?.secretHash);

  it('adds a device and prints its credential', async () => {
    const { stdout, stderr, exitCode } = await registry(
      'add --enterprise acme --device press-1 --profile generic --district wujin',
    );
    expect(exitCode).toBe(0);
    const lines = stdout.trimEnd().split('\n').slice(-5);
    expect(lines.map((line) => line.slice(0, 11).trim())).toEqual([
      'client id',
      'user name',
      'password',
      'topic',
      'sample',
    ]);
    expect(lines[0]).toMatch(/acme\.press-1$/);
    const password = lines[2]!.slice(11);
    expect(await hashOf('acme', 'press-1')).toEqual(secretHash(password));
    // Where to connect is known to a running gateway only.
    expect(stdout.startsWith('address ')).toBe('api' in world);
    expect(stderr).toMatch(/stored nowhere/);
    expect(stderr).not.toContain(password);
  });

  it('adds a device for machines to read', async () => {
    const card = JSON.parse(
      await ok('add --json --enterprise acme --device press-1 --profile generic'),
    );
    expect(card).toMatchObject({ clientId: 'acme.press-1', username: 'acme/press-1' });
    expect(card.topic).toBe('onramp/v1/acme/press-1/telemetry');
    expect(await hashOf('acme', 'press-1')).toEqual(secretHash(card.password));
  });

  it('takes a secret from standard input, never from the arguments', async () => {
    const secret = 'thirty characters of a secret!';
    const add = 'add --json --enterprise acme --device m --profile generic --secret-stdin';
    expect(JSON.parse(await ok(add, `${secret}\n`)).password).toBe(secret);
    expect(await hashOf('acme', 'm')).toEqual(secretHash(secret));
    const short = await registry('reset-secret --enterprise acme --device m --secret-stdin', 'x\n');
    expect(short.exitCode).toBe(1);
    expect(short.stderr).toMatch(/^error: registry\.secret-too-short: .*\n$/);
  });

  it('adds a gateway and a device it speaks for', async () => {
    const gateway = JSON.parse(await ok('add --json --enterprise acme --device gw --kind gateway'));
    expect(gateway.topic).toBe('onramp/v1/acme/{device}/telemetry');
    await ok('add --enterprise acme --device m --profile generic --gateway gw');
    expect(await ok('list --kind gateway')).toMatch(
      /^DEVICE .*\nacme\.gw +gateway +registered +generic/,
    );
  });

  it('resets a secret', async () => {
    await ok('add --enterprise acme --device m --profile generic');
    const before = await hashOf('acme', 'm');
    const card = JSON.parse(await ok('reset-secret --json --enterprise acme --device m'));
    expect(await hashOf('acme', 'm')).toEqual(secretHash(card.password));
    expect(await hashOf('acme', 'm')).not.toEqual(before);
  });

  it.each([
    ['add --enterprise acme --device M --profile generic', 'registry.id-invalid'],
    ['add --enterprise acme --device m --profile nothing', 'registry.unknown-profile'],
    ['add --enterprise acme --device m', 'registry.unknown-profile'],
    ['reset-secret --enterprise acme --device none', 'registry.not-found'],
  ])('fails in one line: %s', async (line, code) => {
    const outcome = await registry(line);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stdout).toBe('');
    expect(outcome.stderr).toMatch(new RegExp(`^error: ${code.replace('.', '\\.')}: [^\\n]+\\n$`));
  });

  it('imports a file, prints the secrets, and exports it again', async () => {
    const { stdout, stderr, exitCode } = await registry(`import ${world.file('devices.csv', csv)}`);
    expect(exitCode).toBe(0);
    const [heading, ...credentials] = parse(stdout) as string[][];
    expect(heading).toEqual(['clientId', 'username', 'password']);
    expect(credentials.map(([clientId]) => clientId)).toEqual(['acme.a', 'acme.b']);
    expect(await hashOf('acme', 'a')).toEqual(secretHash(credentials[0]![2]!));
    expect(stderr).toMatch(/2 rows, 2 added, 0 updated, 0 bad/);
    const exported = parse(await ok('export'), { columns: true }) as Record<string, string>[];
    expect(exported).toMatchObject([{ device: 'a' }, { device: 'b', profile: 'env-sensor' }]);
    expect(JSON.parse(await ok('export --json --profile generic'))).toMatchObject([
      { device: 'a' },
    ]);
  });

  it('imports standard input and JSON', async () => {
    expect(JSON.parse(await ok('import --json -', csv))).toMatchObject({ added: 2 });
    const rows = JSON.stringify([{ enterprise: 'beta', device: 'a', profile: 'generic' }]);
    const report = await ok(`import --json ${world.file('devices.json', rows)}`);
    expect(JSON.parse(report)).toMatchObject({ added: 1, committed: true });
  });

  it('names bad rows; skips and updates when told to', async () => {
    const file = world.file('devices.csv', `${csv}acme,C!,generic\nacme,d,nothing\n`);
    const refused = await registry(`import ${file}`);
    expect(refused.exitCode).toBe(1);
    expect(refused.stdout).toBe('');
    expect(refused.stderr).toMatch(
      /error: registry\.import-invalid: .*\n {2}row 4: .*\n {2}row 5: /,
    );
    const skipped = await registry(`import ${file} --bad-rows skip --dry-run`);
    expect(skipped.stdout).toBe('Would be imported: 4 rows, 2 added, 0 updated, 2 bad.\n');
    expect(skipped.stderr).toMatch(/row 4: registry\.id-invalid: .*\nrow 5: /);
    await ok(`import ${file} --bad-rows skip`);
    const again = await ok(`import ${file} --bad-rows skip --existing update`);
    expect(again).toMatch(/0 added, 2 updated, 2 bad/);
  });

  it('writes the secrets to a new file of their owner', async () => {
    const file = world.file('devices.csv', csv);
    const secrets = `${file}.credentials`;
    const imported = await registry(`import ${file} --credentials ${secrets}`);
    expect(imported.stdout).toBe('Imported: 2 rows, 2 added, 0 updated, 0 bad.\n');
    expect(statSync(secrets).mode & 0o777).toBe(0o600);
    const [, first] = parse(readFileSync(secrets)) as string[][];
    expect(first![0]).toBe('acme.a');
    expect(await hashOf('acme', 'a')).toEqual(secretHash(first![2]!));

    const before = readFileSync(secrets, 'utf8');
    const beta = world.file('beta.csv', csv.replaceAll('acme', 'beta'));
    const refused = await registry(`import ${beta} --credentials ${secrets}`);
    expect(refused.stderr).toMatch(/^error: command\.file-unwritable: /);
    expect(readFileSync(secrets, 'utf8')).toBe(before);
    expect(await ok('list --enterprise beta')).not.toContain('beta.a');
    // Nothing to keep, no file.
    await ok(`import ${file} --existing update --credentials ${secrets}.2`);
    expect(existsSync(`${secrets}.2`)).toBe(false);
    const json = await ok(`import --json ${beta} --credentials ${secrets}.3`);
    expect(JSON.parse(json)).toMatchObject({ added: 2, credentials: [] });
    expect(readFileSync(`${secrets}.3`, 'utf8')).toContain('beta.b,');
  });

  it('reads what a Chinese spreadsheet saved, and says so', async () => {
    // "note" in GB18030, and a text under it.
    const gbk = Buffer.from([0xb1, 0xb8, 0xd7, 0xa2]);
    const file = world.file('devices.csv', '');
    writeFileSync(file, Buffer.concat([Buffer.from('enterprise,device,profile,'), gbk]));
    appendFileSync(file, '\r\nacme,a,generic,x\r\n');
    const { stdout, stderr } = await registry(`import ${file} --dry-run`);
    expect(stdout).toBe('Would be imported: 1 rows, 1 added, 0 updated, 0 bad.\n');
    expect(stderr).toContain('Read as gb18030.');
    const wrong = await registry(`import ${file} --encoding utf-8`);
    expect(wrong.stderr).toMatch(/registry\.import-invalid: .*line 1 is not UTF-8 text/);
  });

  it('imports a city whose secrets derive from the fleet key', async () => {
    const line = 'import --city --enterprises 3 --devices 30 --seed 5 --gateways gw';
    expect(await ok(line)).toMatch(/^Imported: 3[03] rows, 33 added, 0 updated, 0 bad\.\n$/);
    const counts = await world.withRegistry((open) => open.counts());
    expect(counts).toMatchObject({ enterprises: 3, devices: 30, gateways: 3 });
    expect(await ok(line)).toMatch(/0 bad/);
    const page = JSON.parse(await ok('list --json --limit 1'));
    const { enterprise, device } = page.items[0];
    const hash = await hashOf(enterprise, device);
    expect(hash).toHaveLength(32);
    if ('api' in world) {
      const key = (world as Awaited<ReturnType<typeof runningWorld>>).api.context.fleetKey();
      expect(hash).toEqual(secretHash(fleetSecret(key, enterprise, device)));
    }
  });

  it('lists in pages and with filters', async () => {
    await ok(`import ${world.file('devices.csv', csv)}`);
    const { stdout, stderr } = await registry('list --limit 1');
    expect(stdout).toBe(
      'DEVICE  KIND    STATE       PROFILE  DISTRICT  GATEWAY\n' +
        'acme.a  device  registered  generic  unknown\n',
    );
    expect(stderr).toContain('--after acme.a');
    expect(await ok('list --after acme.a --text B')).toMatch(/\nacme\.b /);
    expect(JSON.parse(await ok('list --json --enterprise none'))).toEqual({
      items: [],
      next: null,
    });
  });

  it('lists profiles and adds one that devices can have', async () => {
    expect((await ok('profiles')).trimEnd().split('\n')).toHaveLength(builtInProfiles.size + 1);
    const file = world.file('press.csv', 'name,type,unit,min,max\nforce,float,kN,0,2000\n');
    expect(await ok(`profile-add ${file} --enterprise acme --name press`)).toBe(
      'acme.press  1 signals\n',
    );
    const json = world.file('p.json', '{"id":"p","signals":[{"name":"a","type":"bool"}]}');
    const added = JSON.parse(await ok(`profile-add ${json} --enterprise acme --sensor --json`));
    expect(added.profile).toMatchObject({ id: 'acme.p', production: false });
    const card = await ok('add --json --enterprise acme --device m --profile acme.press');
    expect(JSON.parse(JSON.parse(card).sample)).toEqual({ values: { force: 1000 } });
    const bad = world.file('bad.csv', 'name,type\n9,float\nb,colour\n');
    const refused = await registry(`profile-add ${bad} --enterprise acme --name bad`);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr.split('\n').filter((line) => line.startsWith('  row '))).toHaveLength(2);
  });

  it('finishes with 2 on wrong usage, and says what is wrong', async () => {
    const wrong = [
      'add --enterprise acme',
      'add --enterprise acme --device m --profile generic --colour red',
      'add --enterprise acme --device m --kind robot',
      'import',
      'import --city --enterprises x --devices 5',
      'import --city --enterprises 10 --devices 5',
      `import --city ${world.file('x.csv', csv)} --enterprises 1 --devices 1`,
      'list --limit 0',
      'nothing',
    ];
    for (const line of wrong) {
      const outcome = await registry(line);
      expect(outcome.exitCode, line).toBe(2);
      expect(outcome.stderr, line).toMatch(/error: /);
      expect(outcome.stdout).toBe('');
    }
    const missing = await registry('import /no/such/file.csv');
    expect(missing.exitCode).toBe(1);
    expect(missing.stderr).toMatch(/^error: command\.file-unreadable: .*ENOENT.*\n$/);
  });
});
