/** The options that say which devices. */

import { type Command, Option } from 'commander';
import { deviceStates } from '../../model/device.ts';

/** What `filterOptions` gives an action. */
export interface FilterOptions {
  readonly enterprise?: string;
  readonly district?: string;
  readonly profile?: string;
  readonly kind?: string;
  readonly state?: string;
  readonly text?: string;
}

/** Adds the options; a device must fulfil all that are given. */
export function filterOptions(command: Command): Command {
  return command
    .option('--enterprise <id>', 'only of this enterprise')
    .option('--district <id>', 'only in this district')
    .option('--profile <id>', 'only of this profile')
    .addOption(kindOption())
    .addOption(new Option('--state <state>', 'only in this state').choices([...deviceStates]))
    .option('--text <text>', "only with this in the id, the serial or the enterprise's name");
}

/** `--kind`. */
export function kindOption(): Option {
  return new Option('--kind <kind>', 'device or gateway').choices(['device', 'gateway']);
}
