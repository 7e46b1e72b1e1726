/** `registry add`, `list` and `reset-secret`. */

import { text } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { ConnectionCard } from '../api/connection-card.ts';
import type { DeviceAnswer } from '../api/device-answer.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  printJson,
  subcommand,
  withOperator,
} from './command-line.ts';
import { type FilterOptions, filterOptions, kindOption } from './device-filter.ts';
import { type PageOptions, pageOptions, printFields, printList } from './listing.ts';
import { ask, jsonBody } from './operator.ts';
import { devicePath, type OneDevice, oneDevice, stateText } from './registry-device.ts';

interface DeviceOptions extends OneDevice {
  readonly secretStdin?: boolean;
}

interface AddOptions extends DeviceOptions {
  readonly profile?: string;
  readonly kind?: string;
  readonly gateway?: string;
  readonly district?: string;
  readonly industry?: string;
  readonly serial?: string;
  readonly again?: boolean;
}

/** Adds the commands about single devices to `group`. */
export function addDeviceCommands(group: Command, environment: CommandEnvironment): void {
  oneDevice(
    subcommand(
      group,
      'add',
      'Register a device and print its credential, once',
      [
        'onramp registry add --enterprise acme --device press-1 --profile generic',
        'onramp registry add --enterprise acme --device box-1 --kind gateway',
        'onramp registry add --enterprise acme --device cnc-1 --profile cnc-machining-centre --json',
        'onramp registry add --enterprise acme --device press-1 --profile generic --again',
      ],
      environment,
    ),
  )
    .option('--profile <id>', 'what kind of device it is; "generic" takes any signals')
    .addOption(kindOption())
    .option('--gateway <id>', 'the gateway that may publish for it')
    .option('--district <id>', "where it stands (default: its enterprise's)")
    .option('--industry <code>', 'two digits of GB/T 4754')
    .option('--serial <id>', 'its serial number')
    .option('--again', 'register anew what was revoked, decommissioned or rejected, or has expired')
    .option('--secret-stdin', 'read the secret from standard input instead of generating it')
    .action(withOperator(environment, add));

  oneDevice(
    subcommand(
      group,
      'reset-secret',
      'Void the secret of a device and print a new one, once',
      ['onramp registry reset-secret --enterprise acme --device press-1'],
      environment,
    ),
  )
    .option('--secret-stdin', 'read the secret from standard input instead of generating it')
    .action(withOperator(environment, resetSecret));

  const list = subcommand(
    group,
    'list',
    'List devices, a page at a time',
    ['onramp registry list --enterprise acme', 'onramp registry list --text press --limit 20'],
    environment,
  );
  pageOptions(filterOptions(list)).action(withOperator(environment, listDevices));
}

async function add(run: CommandRun, options: AddOptions): Promise<void> {
  const { enterprise, device, profile, kind, gateway, district, industry, serial, again } = options;
  const secret = await givenSecret(run, options);
  const described = { enterprise, device, profile, kind, gateway, district, industry, serial };
  const card = await ask<ConnectionCard>(run.operator, {
    method: 'POST',
    path: '/devices',
    body: jsonBody({ ...described, secret, again }),
  });
  printCard(run, card);
}

async function resetSecret(run: CommandRun, options: DeviceOptions): Promise<void> {
  const secret = await givenSecret(run, options);
  const card = await ask<ConnectionCard>(run.operator, {
    method: 'POST',
    path: devicePath(options, '/secret'),
    body: jsonBody({ secret }),
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
  printFields(run, {
    ...addressesOf(card),
    'client id': card.clientId,
    'user name': card.username,
    password: card.password,
    topic: card.topic,
    sample: card.sample,
  });
  run.stderr.write('The password is stored nowhere: keep it now. The protocol is MQTT 3.1.1.\n');
}

/** Where to connect, as far as there is a gateway. */
function addressesOf({ mqtt }: ConnectionCard): Readonly<Record<string, string>> {
  if (mqtt === null) return {};
  const { host, port, tlsPort } = mqtt;
  return {
    address: `${host}:${port}`,
    ...(tlsPort !== null && { 'with TLS': `${host}:${tlsPort}` }),
  };
}

async function listDevices(run: CommandRun, options: FilterOptions & PageOptions): Promise<void> {
  const { enterprise, district, profile, kind, state, text: part, limit, after } = options;
  const query = { enterprise, district, profile, kind, state, text: part, limit, after };
  await printList<DeviceAnswer>(run, '/devices', query, {
    DEVICE: ({ id }) => id,
    KIND: (each) => each.kind,
    STATE: stateText,
    PROFILE: (each) => each.profile,
    DISTRICT: (each) => each.district,
    GATEWAY: (each) => each.gateway ?? '',
  });
}
