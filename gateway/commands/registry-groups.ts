/** `registry group-add`, `group-list`, `group-revoke` and `group-secret`. */

import type { Command } from 'commander';
import { OnrampError } from '../../model/errors.ts';
import { groupSecret } from '../../model/group-secret.ts';
import { deviceKey, isDirectoryId } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { GroupEntry } from '../registry/groups.ts';
import { givenKey } from '../registry/sqlite/sqlite-groups.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  locally,
  printJson,
  subcommand,
  withOperator,
} from './command-line.ts';
import { confirm, type YesOption, yesOption } from './confirmation.ts';
import {
  goodText,
  type PageOptions,
  pageOptions,
  printFields,
  printList,
  timeText,
} from './listing.ts';
import { keyIn } from './made-files.ts';
import { readText } from './open-operator.ts';
import { ask, jsonBody } from './operator.ts';
import { keyInPath, wholeNumber } from './option-values.ts';

type ListedGroup = GroupEntry & { readonly key: string };

interface AddOptions {
  readonly enterprise: string;
  readonly profile: string;
  readonly keyFile?: string;
  readonly name?: string;
  readonly devices?: number;
}

interface OneGroup extends YesOption {
  readonly enterprise: string;
  readonly group: string;
}

interface SecretOptions {
  readonly keyFile: string;
  readonly device: string;
}

/** Adds the commands to `group`. */
export function addGroupCommands(group: Command, environment: CommandEnvironment): void {
  subcommand(
    group,
    'group-add',
    'Create a group key, from which the secret of every machine of a series is derived. The key is ' +
      'printed once, unless it is in a file',
    [
      'onramp registry group-add --enterprise acme --profile generic --key-file acme.key',
      'onramp registry group-secret --key-file acme.key --device press-7',
    ],
    environment,
  )
    .requiredOption('--enterprise <id>', 'whose devices these are')
    .requiredOption('--profile <id>', 'of the devices it enrols')
    .option(
      '--key-file <file>',
      'the key in Base64; made, for its owner only, when there is no such file',
    )
    .option(
      '--devices <n>',
      `how many it may enrol (default: ${limits.enrolledDevicesDefault})`,
      wholeNumber(1, limits.enrolledDevicesMax),
    )
    .option('--name <text>', 'for people')
    .action(withOperator(environment, addGroup));

  pageOptions(
    subcommand(
      group,
      'group-list',
      'List group keys, a page at a time, without the keys themselves',
      ['onramp registry group-list --enterprise acme'],
      environment,
    ).option('--enterprise <id>', 'only of this enterprise'),
  ).action(withOperator(environment, listGroups));

  yesOption(
    subcommand(
      group,
      'group-revoke',
      'Void a group key for good, and every credential derived from it: these devices are ' +
        'suspended, until they have a new secret (reset-secret) and are resumed (resume)',
      ['onramp registry group-revoke --enterprise acme --group g-5f0c19a2be77'],
      environment,
    )
      .requiredOption('--enterprise <id>', 'whose group it is')
      .requiredOption('--group <id>', 'its id, which "group-add" printed'),
  ).action(withOperator(environment, revokeGroup, confirmRevocation));

  subcommand(
    group,
    'group-secret',
    'Derive the secret of a device from a group key, on this machine and without a gateway',
    ['onramp registry group-secret --key-file acme.key --device press-7'],
    environment,
  )
    .requiredOption('--key-file <file>', 'the key in Base64')
    .requiredOption('--device <id>', 'its id within the enterprise')
    .action(locally(environment, printSecret));
}

async function addGroup(run: CommandRun, options: AddOptions): Promise<void> {
  const { enterprise, profile, name, devices: devicesMax } = options;
  const key = options.keyFile === undefined ? undefined : keyIn(options.keyFile);
  const { groupKey, ...created } = await ask<ListedGroup & { readonly groupKey: string }>(
    run.operator,
    {
      method: 'POST',
      path: '/groups',
      body: jsonBody({ enterprise, profile, name, key, devicesMax }),
    },
  );
  // A key goes to one place only.
  const where = options.keyFile === undefined ? { groupKey } : { keyFile: options.keyFile };
  printCreated(run, created, where);
}

function printCreated(
  run: CommandRun,
  group: ListedGroup,
  key: { readonly groupKey: string } | { readonly keyFile: string },
): void {
  if (run.json) {
    printJson(run, { ...group, ...key });
    return;
  }
  printFields(run, {
    group: group.id,
    profile: group.profile,
    devices: `up to ${group.devicesMax}`,
    ...('keyFile' in key ? { 'key file': key.keyFile } : { key: key.groupKey }),
    'user name': `${group.enterprise}/{device}`,
    password: 'what "group-secret" derives for {device}',
  });
  if ('groupKey' in key) {
    run.stderr.write(
      'The key is shown nowhere again: keep it now. Whoever has it can be any device.\n',
    );
  }
}

async function listGroups(
  run: CommandRun,
  { enterprise, limit, after }: PageOptions & { readonly enterprise?: string },
): Promise<void> {
  const nowMs = run.clock.nowMs();
  await printList<ListedGroup>(
    run,
    '/groups',
    { enterprise, limit, after },
    {
      GROUP: ({ key }) => key,
      STATE: (group) => goodText(group, nowMs),
      DEVICES: ({ devices, devicesMax }) => `${devices}/${devicesMax}`,
      PROFILE: ({ profile }) => profile,
      CREATED: ({ createdAtMs }) => timeText(createdAtMs),
      NAME: ({ name }) => name,
    },
  );
}

async function confirmRevocation(
  environment: CommandEnvironment,
  { enterprise, group, ...options }: OneGroup,
): Promise<void> {
  const what = `the group key ${deviceKey(enterprise, group)}`;
  await confirm(environment, `Void ${what} and the secrets of all its devices?`, options);
}

async function revokeGroup(run: CommandRun, { enterprise, group }: OneGroup): Promise<void> {
  const answer = await ask<{ readonly group: ListedGroup; readonly voided: readonly string[] }>(
    run.operator,
    {
      method: 'POST',
      path: `/groups/${keyInPath(enterprise, '--group', group)}/revoke`,
    },
  );
  if (run.json) printJson(run, answer);
  else {
    const count = answer.voided.length;
    run.stdout.write(
      `${answer.group.key}  revoked, the credentials of ${count} devices are void; they are suspended\n`,
    );
  }
}

async function printSecret(
  run: Omit<CommandRun, 'operator'>,
  { keyFile: path, device }: SecretOptions,
): Promise<void> {
  const key = givenKey(readText(path).trim());
  if (!isDirectoryId(device)) throw new OnrampError('registry.id-invalid', JSON.stringify(device));
  const secret = groupSecret(key, device);
  if (run.json) printJson(run, { device, secret });
  else run.stdout.write(`${secret}\n`);
}
