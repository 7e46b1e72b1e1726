/** `registry ca-create`, `ca-add`, `ca-list` and `ca-revoke`: whose signature vouches for devices. */

import type { Command } from 'commander';
import { limits } from '../../model/limits.ts';
import type { AuthorityEntry } from '../registry/authorities.ts';
import { CaFolder, defaultCaFolder } from './ca-folder.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  printJson,
  subcommand,
  withOperator,
} from './command-line.ts';
import { confirm, type YesOption, yesOption } from './confirmation.ts';
import { createDevelopmentCa } from './development-ca.ts';
import {
  goodText,
  type PageOptions,
  pageOptions,
  printFields,
  printList,
  timeText,
} from './listing.ts';
import { readText } from './open-operator.ts';
import { ask, jsonBody } from './operator.ts';
import { keyInPath, wholeNumber } from './option-values.ts';
import { backdatedMs, daysMax } from './registry-ca-sign.ts';

type ListedAuthority = AuthorityEntry & { readonly key: string };

interface AddOptions {
  readonly enterprise: string;
  readonly profile?: string;
  readonly name?: string;
  readonly devices?: number;
}

interface CreateOptions extends AddOptions {
  readonly out?: string;
  readonly days: number;
  readonly rsa?: boolean;
}

interface OneAuthority extends YesOption {
  readonly enterprise: string;
  readonly fingerprint: string;
}

/** Adds the commands to `group`. */
export function addAuthorityCommands(group: Command, environment: CommandEnvironment): void {
  vouching(
    subcommand(
      group,
      'ca-create',
      'Create a development CA in a folder, and let the gateway trust it for one enterprise. It is ' +
        'for development: its key lies in a file. "ca-sign" signs with it',
      [
        'onramp registry ca-create --enterprise acme --profile generic',
        'onramp registry ca-sign --enterprise acme --device press-4',
      ],
      environment,
    ),
  )
    .option('--out <folder>', 'where it is kept (default: ca-{enterprise})')
    .option('--days <n>', 'how long it is valid', wholeNumber(1, daysMax), 730)
    .option('--rsa', 'RSA keys, for machines that do not know elliptic curves')
    .action(withOperator(environment, createAuthority));

  vouching(
    subcommand(
      group,
      'ca-add',
      'Let the gateway trust a certificate authority of your own for one enterprise',
      ['onramp registry ca-add --enterprise acme --cert acme-ca.pem --profile generic'],
      environment,
    ),
  )
    .requiredOption('--cert <file>', 'its certificate, PEM')
    .action(withOperator(environment, addAuthority));

  pageOptions(
    subcommand(
      group,
      'ca-list',
      'List the trusted certificate authorities, a page at a time',
      ['onramp registry ca-list --enterprise acme'],
      environment,
    ).option('--enterprise <id>', 'only of this enterprise'),
  ).action(withOperator(environment, listAuthorities));

  yesOption(
    subcommand(
      group,
      'ca-revoke',
      'Trust an authority no more; the devices known by it are suspended, until they have another ' +
        'credential and are resumed (resume)',
      ['onramp registry ca-revoke --enterprise acme --fingerprint 5d41402abc4b2a76b971…'],
      environment,
    )
      .requiredOption('--enterprise <id>', 'whose authority it is')
      .requiredOption('--fingerprint <hex>', 'SHA-256 of its certificate, as "ca-list" shows it'),
  ).action(withOperator(environment, revokeAuthority, confirmRevocation));
}

function vouching(command: Command): Command {
  return command
    .requiredOption('--enterprise <id>', 'whose devices it vouches for')
    .option(
      '--profile <id>',
      'registers unknown devices with this profile; without it only registered ones are let in',
    )
    .option(
      '--devices <n>',
      `how many unknown devices it may vouch for (default: ${limits.enrolledDevicesDefault})`,
      wholeNumber(1, limits.enrolledDevicesMax),
    )
    .option('--name <text>', 'for people');
}

async function createAuthority(run: CommandRun, options: CreateOptions): Promise<void> {
  const { enterprise, out, days, rsa } = options;
  const validity = { notBeforeMs: backdatedMs(run.clock.nowMs()), days };
  const made = await createDevelopmentCa(enterprise, validity, rsa ? 'rsa' : 'ec');
  const folder = new CaFolder(out ?? defaultCaFolder(enterprise));
  folder.write(made);
  let authority: ListedAuthority;
  try {
    authority = await register(run, options, made.certificate);
  } catch (error) {
    folder.discard();
    throw error;
  }
  const files = { certificateFile: folder.certificatePath, keyFile: folder.keyPath };
  if (run.json) {
    printJson(run, { ...authority, ...files });
    return;
  }
  printAuthority(run, authority, { certificate: files.certificateFile, key: files.keyFile });
  run.stderr.write(
    'This is a development CA: whoever reads its key can be any device of the enterprise. For ' +
      'production, trust a CA of your own with "ca-add".\n',
  );
}

async function addAuthority(
  run: CommandRun,
  options: AddOptions & { readonly cert: string },
): Promise<void> {
  const authority = await register(run, options, readText(options.cert));
  if (run.json) printJson(run, authority);
  else printAuthority(run, authority, {});
}

function register(
  run: CommandRun,
  { enterprise, profile, name, devices: devicesMax }: AddOptions,
  certificate: string,
): Promise<ListedAuthority> {
  return ask(run.operator, {
    method: 'POST',
    path: '/authorities',
    body: jsonBody({ enterprise, profile, name, certificate, devicesMax }),
  });
}

function printAuthority(
  run: CommandRun,
  authority: ListedAuthority,
  files: Readonly<Record<string, string>>,
): void {
  printFields(run, {
    authority: authority.subject,
    fingerprint: authority.fingerprint,
    ...files,
    'valid from': timeText(authority.notBeforeMs),
    'valid until': timeText(authority.notAfterMs),
    'unknown devices':
      authority.profile === null
        ? 'are not let in'
        : `up to ${authority.devicesMax}, as ${authority.profile}`,
  });
}

async function listAuthorities(
  run: CommandRun,
  { enterprise, limit, after }: PageOptions & { readonly enterprise?: string },
): Promise<void> {
  const nowMs = run.clock.nowMs();
  const query = { enterprise, limit, after };
  await printList<ListedAuthority>(run, '/authorities', query, {
    ENTERPRISE: (each) => each.enterprise,
    FINGERPRINT: ({ fingerprint }) => fingerprint,
    STATE: ({ revokedAtMs, notAfterMs: untilMs }) => goodText({ revokedAtMs, untilMs }, nowMs),
    'VALID UNTIL': ({ notAfterMs }) => timeText(notAfterMs),
    DEVICES: ({ devices, devicesMax }) => (devicesMax === null ? '' : `${devices}/${devicesMax}`),
    PROFILE: ({ profile }) => profile ?? '',
    NAME: ({ name }) => name,
  });
}

async function confirmRevocation(
  environment: CommandEnvironment,
  { enterprise, fingerprint, ...options }: OneAuthority,
): Promise<void> {
  const question = `Trust the authority ${fingerprint} of ${enterprise} no more?`;
  await confirm(environment, question, options);
}

async function revokeAuthority(
  run: CommandRun,
  { enterprise, fingerprint }: OneAuthority,
): Promise<void> {
  const key = keyInPath(enterprise, '--fingerprint', fingerprint);
  const answer = await ask<{
    readonly authority: ListedAuthority;
    readonly devices: readonly string[];
  }>(run.operator, { method: 'POST', path: `/authorities/${key}/revoke` });
  if (run.json) {
    printJson(run, answer);
    return;
  }
  const count = answer.devices.length;
  run.stdout.write(
    `${answer.authority.fingerprint}  revoked, ${count} devices were known by it and are suspended\n`,
  );
}
