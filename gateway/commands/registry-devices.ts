/** `registry add`, `list` and `reset-secret`. */

import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { ConnectionCard } from '../api/connection-card.ts';
import type { DirectoryEntry } from '../registry/registry.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  printJson,
  subcommand,
  table,
  withOperator,
} from './command-line.ts';
import { type FilterOptions, filterOptions, kindOption } from './device-filter.ts';
import { ask } from './operator.ts';

interface DeviceOptions {
  readonly enterprise: string;
  readonly device: string;
  readonly secretStdin?: boolean;
}

interface AddOptions extends DeviceOptions {
  readonly profile?: string;
  readonly kind?: string;
  readonly gateway?: string;
  readonly district?: string;
  readonly industry?: string;
  readonly serial?: string;
}

/** Adds the commands about single devices to `group`. */
export function addDeviceCommands(group: Command, environment: CommandEnvironment): void {
  subcommand(
    group,
    'add',
    'Register a device and print its credential, once',
    [
      'onramp registry add --enterprise acme --device press-1 --profile generic',
      'onramp registry add --enterprise acme --device box-1 --kind gateway',
      'onramp registry add --enterprise acme --device cnc-1 --profile cnc-machining-centre --json',
    ],
    environment,
  )
    .requiredOption('--enterprise <id>', 'whose device it is')
    .requiredOption('--device <id>', 'its id within the enterprise')
    .option('--profile <id>', 'what kind of device it is; "generic" takes any signals')
    .addOption(kindOption())
    .option('--gateway <id>', 'the gateway that may publish for it')
    .option('--district <id>', "where it stands (default: its enterprise's)")
    .option('--industry <code>', 'two digits of GB/T 4754')
    .option('--serial <id>', 'its serial number')
    .option('--secret-stdin', 'read the secret from standard input instead of generating it')
    .action(withOperator(environment, add));

  subcommand(
    group,
    'reset-secret',
    'Void the secret of a device and print a new one, once',
    ['onramp registry reset-secret --enterprise acme --device press-1'],
    environment,
  )
    .requiredOption('--enterprise <id>', 'whose device it is')
    .requiredOption('--device <id>', 'its id within the enterprise')
    .option('--secret-stdin', 'read the secret from standard input instead of generating it')
    .action(withOperator(environment, resetSecret));

  const list = subcommand(
    group,
    'list',
    'List devices, a page at a time',
    ['onramp registry list --enterprise acme', 'onramp registry list --text press --limit 20'],
    environment,
  );
  filterOptions(list)
    .option('--limit <n>', `devices of the page, at most ${limits.apiPageRowsMax}`, '100')
    .option('--after <key>', 'go on after this device, which the page before has named')
    .action(withOperator(environment, listDevices));
}

async function add(run: CommandRun, options: AddOptions): Promise<void> {
  const { enterprise, device, profile, kind, gateway, district, industry, serial } = options;
  const secret = await givenSecret(run, options);
  const request = {
    enterprise,
    device,
    profile,
    kind,
    gateway,
    district,
    industry,
    serial,
    secret,
  };
  const card = await ask<ConnectionCard>(run.operator, {
    method: 'POST',
    path: '/devices',
    body: { type: 'application/json', content: JSON.stringify(request) },
  });
  printCard(run, card);
}

async function resetSecret(run: CommandRun, options: DeviceOptions): Promise<void> {
  const key = encodeURIComponent(deviceKey(options.enterprise, options.device));
  const secret = await givenSecret(run, options);
  const card = await ask<ConnectionCard>(run.operator, {
    method: 'POST',
    path: `/devices/${key}/secret`,
    body: { type: 'application/json', content: JSON.stringify({ secret }) },
  });
  printCard(run, card);
}

/** The line on standard input, when the secret comes from there. */
async function givenSecret(run: CommandRun, options: DeviceOptions): Promise<string | undefined> {
  if (!options.secretStdin) return undefined;
  return (await text(run.stdin)).replace(/\r?\n$/, '');
}

function printCard(run: CommandRun, card: ConnectionCard): void {
  if (run.json) {
    printJson(run, card);
    return;
  }
  run.stdout.write(
    table([
      ['client id', card.clientId],
      ['user name', card.username],
      ['password', card.password],
      ['topic', card.topic],
      ['sample', card.sample],
    ]),
  );
  run.stderr.write('The password is stored nowhere: keep it now. The protocol is MQTT 3.1.1.\n');
}

async function listDevices(
  run: CommandRun,
  options: FilterOptions & { readonly limit: string; readonly after?: string },
): Promise<void> {
  const { enterprise, district, profile, kind, state, text: part, limit, after } = options;
  const page = await ask<{ items: (DirectoryEntry & { id: string })[]; next: string | null }>(
    run.operator,
    {
      method: 'GET',
      path: '/devices',
      query: { enterprise, district, profile, kind, state, text: part, limit, after },
    },
  );
  if (run.json) {
    printJson(run, page);
    return;
  }
  const rows = page.items.map((entry) => [
    entry.id,
    entry.kind,
    entry.profile,
    entry.district,
    entry.gateway ?? '',
  ]);
  run.stdout.write(table([['DEVICE', 'KIND', 'PROFILE', 'DISTRICT', 'GATEWAY'], ...rows]));
  if (page.next !== null) run.stderr.write(`There may be more: --after ${page.next}\n`);
}
