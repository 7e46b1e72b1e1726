/** `registry show` and `set`: one device as it is, and as it shall be. */

import type { Command } from 'commander';
import { OnrampError } from '../../model/errors.ts';
import type { DeviceAnswer } from '../api/device-answer.ts';
import { entityTag } from '../api/entity-tag.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  printJson,
  subcommand,
  withOperator,
} from './command-line.ts';
import { printFields, timeText } from './listing.ts';
import { ask, jsonBody } from './operator.ts';
import { idOrNone, keyInPath, wholeNumber } from './option-values.ts';

/** Which device a command is about. */
export interface OneDevice {
  readonly enterprise: string;
  readonly device: string;
}

interface SetOptions extends OneDevice {
  readonly profile?: string;
  readonly district?: string;
  readonly industry?: string;
  readonly gateway?: string;
  readonly serial?: string;
  readonly revision?: number;
}

/** Adds the options that name one device. */
export function oneDevice(command: Command): Command {
  return command
    .requiredOption('--enterprise <id>', 'whose device it is')
    .requiredOption('--device <id>', 'its id within the enterprise');
}

/** The address of a device, with what is done there. */
export function devicePath({ enterprise, device }: OneDevice, action = ''): string {
  return `/devices/${keyInPath(enterprise, '--device', device)}${action}`;
}

/** The word for people, and the state where that says more. */
export function stateText({ word, state }: Pick<DeviceAnswer, 'word' | 'state'>): string {
  return word === state ? word : `${word} (${state})`;
}

/** Adds the commands to `group`. */
export function addDeviceDetailCommands(group: Command, environment: CommandEnvironment): void {
  oneDevice(
    subcommand(
      group,
      'show',
      'Show a device: what it is, where it is in its life, whether it is online',
      ['onramp registry show --enterprise acme --device press-1'],
      environment,
    ),
  ).action(withOperator(environment, show));

  oneDevice(
    subcommand(
      group,
      'set',
      'Change what a device is; what is not named stays',
      [
        'onramp registry set --enterprise acme --device press-1 --profile acme.press',
        'onramp registry set --enterprise acme --device press-1 --gateway none --revision 3',
      ],
      environment,
    ),
  )
    .option('--profile <id>', 'what kind of device it is')
    .option('--district <id>', 'where it stands')
    .option('--industry <code>', 'two digits of GB/T 4754')
    .option('--gateway <id>', 'the gateway that may publish for it; none: no gateway does')
    .option('--serial <id>', 'its serial number; none: it has none')
    .option(
      '--revision <n>',
      'only when it still has this revision, which "show" tells',
      wholeNumber(0, Number.MAX_SAFE_INTEGER),
    )
    .action(withOperator(environment, set));
}

async function show(run: CommandRun, options: OneDevice): Promise<void> {
  const path = devicePath(options);
  printDevice(run, await ask<DeviceAnswer>(run.operator, { method: 'GET', path }));
}

async function set(run: CommandRun, options: SetOptions): Promise<void> {
  const { profile, district, industry, revision } = options;
  const [gateway, serial] = [idOrNone(options.gateway), idOrNone(options.serial)];
  const update = { profile, district, industry, gateway, serial };
  if (Object.values(update).every((value) => value === undefined)) {
    throw new OnrampError('config.invalid', 'name at least one thing to change');
  }
  const device = await ask<DeviceAnswer>(run.operator, {
    method: 'PATCH',
    path: devicePath(options),
    ...(revision !== undefined && { headers: { 'if-match': entityTag(revision) } }),
    body: jsonBody(update),
  });
  printDevice(run, device);
}

function printDevice(run: CommandRun, device: DeviceAnswer): void {
  if (run.json) {
    printJson(run, device);
    return;
  }
  const since = (atMs: number | null) => (atMs === null ? 'never' : timeText(atMs));
  printFields(run, {
    device: device.id,
    kind: device.kind,
    profile: device.profile,
    district: device.district,
    industry: device.industry,
    gateway: device.gateway ?? '-',
    serial: device.serial ?? '-',
    state: stateText(device),
    online: device.online === null ? 'no gateway runs' : device.online ? 'yes' : 'no',
    registered: timeText(device.createdAtMs),
    'first row': since(device.activatedAtMs),
    'last row': since(device.lastRowAtMs),
    revision: String(device.revision),
  });
}
