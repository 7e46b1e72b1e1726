/** `registry ca-create`, `ca-add`, `ca-list`, `ca-revoke` and `ca-sign`. */

import { createPrivateKey, X509Certificate } from 'node:crypto';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createDevelopmentCa } from '../../../gateway/commands/development-ca.ts';
import { tryLockExclusive } from '../../../gateway/data-folder/data-lock.ts';
import { paths } from '../../../gateway/data-folder/paths.ts';
import { checkClientCertificate } from '../../../gateway/registry/certificate-check.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import {
  type CommandWorld,
  RegistryCommands,
  runningWorld,
  stoppedWorld,
} from './command-world.ts';

const modeOf = (path: string) => statSync(path).mode & 0o777;
const certificateIn = (path: string) => new X509Certificate(readFileSync(path));

let folder: string;
let world: CommandWorld;
const registry = new RegistryCommands(() => world);
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'onramp-ca-'));
});
afterEach(async () => {
  await world.close();
  rmSync(folder, { recursive: true });
});
const ca = () => join(folder, 'ca');
const create = () => `ca-create --enterprise acme --out ${ca()}`;
const sign = () =>
  `ca-sign --enterprise acme --device press-4 --ca ${ca()} --out ${join(folder, 'certs')}`;
const signed = () => join(folder, 'certs', 'acme.press-4');

describe.each([
  ['a running gateway', runningWorld],
  ['the files', stoppedWorld],
] as const)('authorities, with %s', (name, open) => {
  beforeEach(async () => {
    world = await open();
  });
  const trusted = () => world.withRegistry((open) => open.authorities('acme'));

  it('of development are made in a folder of their owner, trusted, and sign', async () => {
    const made = await registry.run(`${create()} --profile generic --days 30`);
    expect(made.exitCode, made.stderr).toBe(0);
    expect(made.stderr).toMatch(/This is a development CA/);
    expect(modeOf(ca())).toBe(0o700);
    expect(modeOf(join(ca(), 'ca.key'))).toBe(0o600);
    expect(made.stdout).not.toContain('PRIVATE');
    const [authority] = await trusted();
    expect(authority).toMatchObject({ profile: 'generic', enterprise: 'acme' });
    expect(made.stdout).toContain(authority!.fingerprint);
    expect(authority!.notAfterMs - authority!.notBeforeMs).toBe(30 * 86_400_000);

    await registry.ok(sign());
    expect(modeOf(`${signed()}.key`)).toBe(0o600);
    const certificate = certificateIn(`${signed()}.pem`);
    const key = createPrivateKey(readFileSync(`${signed()}.key`));
    expect(certificate.checkPrivateKey(key)).toBe(true);
    const nowMs = name === 'the files' ? Date.now() : 1_767_225_600_000;
    expect(checkClientCertificate(certificate, await trusted(), nowMs)).toMatchObject({
      ok: true,
      enterprise: 'acme',
      device: 'press-4',
    });
  });

  it('of your own are trusted by their certificate', async () => {
    const validity = { notBeforeMs: Date.now(), days: 10 };
    const file = world.file('own.pem', (await createDevelopmentCa('acme', validity)).certificate);
    const added = await registry.ok([
      'ca-add',
      '--enterprise',
      'acme',
      '--cert',
      file,
      '--name',
      'hall 3',
    ]);
    expect(added).toMatch(/\nunknown devices +are not let in\n/);
    const [authority] = await trusted();
    expect(added).toContain(authority!.fingerprint);
    expect(await registry.ok('ca-list')).toMatch(
      new RegExp(`^ENTERPRISE .*\\nacme +${authority!.fingerprint} +valid .*hall 3\\n$`),
    );
    const none = world.file('none.pem', 'no certificate');
    expect(await registry.failure(`ca-add --enterprise acme --cert ${none}`)).toEqual([
      'certificate.invalid',
      1,
    ]);
  });

  it('are revoked when that is confirmed', async () => {
    const line = `${create()} --profile generic --devices 7`;
    const { fingerprint, ...made } = await registry.json(line);
    expect(made).toMatchObject({
      devicesMax: 7,
      certificateFile: join(ca(), 'ca.pem'),
      keyFile: join(ca(), 'ca.key'),
    });
    expect(await registry.ok('ca-list')).toMatch(/ 0\/7 +generic /);
    const revoke = `ca-revoke --enterprise acme --fingerprint ${fingerprint}`;
    expect(await registry.failure(revoke)).toEqual(['config.invalid', 2]);
    const done = await registry.run(revoke, 'y\n', { terminal: true });
    expect(done.stdout).toBe(
      `${fingerprint}  revoked, 0 devices were known by it and are suspended\n`,
    );
    expect(await registry.ok('ca-list --enterprise acme')).toMatch(/ revoked /);
    expect(await trusted()).toEqual([]);
  });

  it('leave nothing behind that is not trusted, and never overwrite a key', async () => {
    expect(await registry.failure(`${create()} --profile nothing`)).toEqual([
      'registry.unknown-profile',
      1,
    ]);
    expect(readdirSync(ca())).toEqual([]);
    await registry.ok(create());
    const key = readFileSync(join(ca(), 'ca.key'), 'utf8');
    expect(await registry.failure(create())).toEqual(['command.file-unwritable', 1]);
    expect(readFileSync(join(ca(), 'ca.key'), 'utf8')).toBe(key);
    expect(await trusted()).toHaveLength(1);
  });
});

describe('ca-sign', () => {
  const clock = new VirtualClock();
  beforeEach(async () => {
    world = await stoppedWorld();
    // The very same moment, however often.
    expect((await registry.run(create(), '', { clock })).exitCode).toBe(0);
  });
  const signs = async (more = '') => {
    const outcome = await registry.run(`${sign()} --json${more}`, '', { clock });
    expect(outcome.exitCode, outcome.stderr).toBe(0);
    return JSON.parse(outcome.stdout);
  };
  const notBeforeMs = () => certificateIn(`${signed()}.pem`).validFromDate.getTime();

  it('dates back, and each certificate of a device is newer than the one before', async () => {
    await signs();
    const first = notBeforeMs();
    expect(first).toBe(clock.nowMs() - 300_000);
    await signs();
    expect(notBeforeMs()).toBe(first + 1000);
    await signs();
    expect(notBeforeMs()).toBe(first + 2000);
    // Wherever the others went, and whatever became of them.
    rmSync(join(folder, 'certs'), { recursive: true });
    await signs();
    expect(notBeforeMs()).toBe(first + 3000);
    const other = await registry.run(sign().replace('press-4', 'press-5'), '', { clock });
    expect(other.exitCode).toBe(0);
    const path = join(folder, 'certs', 'acme.press-5.pem');
    expect(certificateIn(path).validFromDate.getTime()).toBe(first);
  });

  it('prints a line that publishes with the certificate', async () => {
    const { command, certificateFile, keyFile } = await signs();
    expect([certificateFile, keyFile]).toEqual([`${signed()}.pem`, `${signed()}.key`]);
    expect(command).toBe(
      `mosquitto_pub -h localhost -p {port} --cafile ${join(world.data, 'tls', 'cert.pem')} ` +
        `--cert ${certificateFile} --key ${keyFile} -i acme.press-4 -q 1 ` +
        `-t onramp/v1/acme/press-4/telemetry -m '{"values":{"temperature":36.5}}'`,
    );
    const { stdout, stderr } = await registry.run(sign(), '', { clock });
    expect(stdout).toContain(command);
    expect(stderr).toMatch(/^\{port\} is the gateway's TLS port.*\nSigned by a development CA/);
    const runtime = { http: 'http://127.0.0.1:9', mqttTlsPort: 18_883 };
    writeFileSync(paths(world.data).runtime, JSON.stringify(runtime));
    expect((await signs()).command).toContain(' -p {port} ');
    const lock = tryLockExclusive(paths(world.data).gatewayLock)!;
    expect((await signs()).command).toContain(' -p 18883 ');
    expect((await signs(' --url http://10.0.0.5')).command).toContain(' -p {port} ');
    lock.release();
  });

  it('signs for no longer than the authority is there', async () => {
    const days = async () => {
      const { validFromDate, validToDate } = certificateIn(`${signed()}.pem`);
      return (validToDate.getTime() - validFromDate.getTime()) / 86_400_000;
    };
    await signs();
    expect(await days()).toBe(365);
    await signs(' --days 7');
    expect(await days()).toBe(7);
    expect(await registry.failure(`${sign()} --days 20000`)).toEqual(['certificate.invalid', 1]);
    const short = await registry.run(
      `ca-create --enterprise beta --out ${folder}/beta --days 10`,
      '',
      { clock },
    );
    expect(short.exitCode).toBe(0);
    await signs(` --ca ${folder}/beta`);
    expect(await days()).toBe(10);
  });

  it('needs an authority, ids, and somewhere to write', async () => {
    const line = (ca: string) => `ca-sign --enterprise acme --device press-4 --ca ${ca}`;
    expect(await registry.failure(line(`${folder}/none`))).toEqual(['command.file-unreadable', 1]);
    expect(await registry.failure(sign().replace('press-4', '../x'))).toEqual([
      'registry.id-invalid',
      1,
    ]);
    const file = world.file('certs', '');
    const blocked = `${line(ca())} --out ${file}`;
    expect(await registry.failure(blocked)).toEqual(['command.file-unwritable', 1]);
    expect(existsSync(`${signed()}.pem`)).toBe(false);
  });
});
