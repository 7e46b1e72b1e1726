/** The `registry` command: devices, gateways and profiles of a gateway. */

import type { Command } from 'commander';
import { type CommandEnvironment, groupCommand, processEnvironment } from './command-line.ts';
import { addDeviceCommands } from './registry-devices.ts';
import { addFileCommands } from './registry-files.ts';
import { addProfileCommands } from './registry-profiles.ts';
import { addTrialCommand } from './registry-trial.ts';
import { addWatchCommand } from './registry-watch.ts';

const examples = `
Examples:
  onramp registry add --enterprise acme --device press-1 --profile generic
  onramp registry import devices.csv --dry-run
  onramp registry list --enterprise acme
  onramp registry trial --csv press.csv --card card.json
  onramp registry add --help`;

/** `onramp registry`: talks to a running gateway, or opens the data folder when none runs. */
export function registryCommand(environment: CommandEnvironment = processEnvironment): Command {
  const group = groupCommand('registry', environment)
    .description('Register devices, import and export them, add profiles')
    .addHelpText('after', examples);
  addDeviceCommands(group, environment);
  addFileCommands(group, environment);
  addProfileCommands(group, environment);
  addTrialCommand(group, environment);
  addWatchCommand(group, environment);
  return group;
}
