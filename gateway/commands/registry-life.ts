/** `registry suspend`, `resume`, `revoke` and `decommission`: who is shut out, and until when. */

import type { Command } from 'commander';
import { deviceKey } from '../../model/identifiers.ts';
import type { DeviceAnswer } from '../api/device-answer.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  printJson,
  subcommand,
  withOperator,
} from './command-line.ts';
import { confirm, type YesOption, yesOption } from './confirmation.ts';
import { ask, jsonBody } from './operator.ts';
import { devicePath, type OneDevice, oneDevice, stateText } from './registry-device.ts';

interface LifeOptions extends OneDevice, YesOption {
  readonly cause?: string;
}

interface LifeCommand {
  readonly description: string;
  readonly cause: string;
  /** What is asked before; null where it can be taken back. */
  readonly question: ((device: string) => string) | null;
}

const commands: Readonly<Record<string, LifeCommand>> = {
  suspend: {
    description: 'Shut a device out until it is resumed; its session ends within a second',
    cause: 'sends nonsense',
    question: null,
  },
  resume: {
    description: 'Let a suspended device in again',
    cause: 'repaired',
    question: null,
  },
  revoke: {
    description: 'Withdraw the identity of a device for good; its session ends within a second',
    cause: 'stolen',
    question: (device) => `Withdraw the identity of ${device} for good?`,
  },
  decommission: {
    description: 'Take a device out of service for good; its session ends within a second',
    cause: 'scrapped',
    question: (device) => `Take ${device} out of service for good?`,
  },
};

/** Adds the commands to `group`. What is for good asks before, on a terminal, or needs `--yes`. */
export function addLifeCommands(group: Command, environment: CommandEnvironment): void {
  for (const [event, { description, cause, question }] of Object.entries(commands)) {
    const yes = question === null ? '' : ' --yes';
    const command = oneDevice(
      subcommand(
        group,
        event,
        description,
        [
          `onramp registry ${event} --enterprise acme --device press-1${yes}`,
          `onramp registry ${event} --enterprise acme --device press-1 --cause "${cause}"`,
        ],
        environment,
      ),
    ).option('--cause <text>', 'why, for the audit trail');
    if (question !== null) yesOption(command);
    command.action(
      withOperator<LifeOptions>(
        environment,
        (run, options) => change(run, event, options),
        async (run, options) => {
          const { enterprise, device } = options;
          if (question !== null)
            await confirm(run, question(deviceKey(enterprise, device)), options);
        },
      ),
    );
  }
}

async function change(run: CommandRun, event: string, options: LifeOptions): Promise<void> {
  const device = await ask<DeviceAnswer>(run.operator, {
    method: 'POST',
    path: devicePath(options, `/${event}`),
    body: jsonBody({ cause: options.cause }),
  });
  if (run.json) printJson(run, device);
  else run.stdout.write(`${device.id}  ${stateText(device)}\n`);
}
