/** The `registry` command: devices, gateways and profiles of a gateway. */

import type { Command } from 'commander';
import { type CommandEnvironment, groupCommand, processEnvironment } from './command-line.ts';
import { addAuditCommand } from './registry-audit.ts';
import { addAuthorityCommands } from './registry-authorities.ts';
import { addSignCommand } from './registry-ca-sign.ts';
import { addClaimCommands } from './registry-claims.ts';
import { addCountsCommand } from './registry-counts.ts';
import { addDeviceDetailCommands } from './registry-device.ts';
import { addDeviceCommands } from './registry-devices.ts';
import { addEnterpriseCommands } from './registry-enterprises.ts';
import { addFileCommands } from './registry-files.ts';
import { addGroupCommands } from './registry-groups.ts';
import { addLifeCommands } from './registry-life.ts';
import { addProfileCommands } from './registry-profiles.ts';
import { addTokenCommands } from './registry-tokens.ts';
import { addTrialCommand } from './registry-trial.ts';
import { addWatchCommand } from './registry-watch.ts';

const examples = `
Examples:
  onramp registry add --enterprise acme --device press-1 --profile generic
  onramp registry import devices.csv --dry-run
  onramp registry list --enterprise acme
  onramp registry trial --csv press.csv --card card.json
  onramp registry add --help`;

type AddCommands = (group: Command, environment: CommandEnvironment) => void;

/** The chapters of the help, in their order. */
const chapters: Readonly<Record<string, readonly AddCommands[]>> = {
  'One device': [addDeviceCommands, addDeviceDetailCommands, addLifeCommands],
  'Many devices': [addFileCommands],
  'A trial': [addTrialCommand, addWatchCommand],
  Profiles: [addProfileCommands],
  'Claims, for machines that fetch their own credential': [addClaimCommands],
  'Group keys, for secrets that are derived': [addGroupCommands],
  'Client certificates': [addAuthorityCommands, addSignCommand],
  Enterprises: [addEnterpriseCommands, addCountsCommand],
  'Who may ask, and who did': [addTokenCommands, addAuditCommand],
};

/** `onramp registry`: talks to a running gateway, or opens the data folder when none runs. */
export function registryCommand(environment: CommandEnvironment = processEnvironment): Command {
  const group = groupCommand('registry', environment)
    .description('Who may connect and who may ask: everything about coming on board')
    .addHelpText('after', examples);
  for (const [heading, adders] of Object.entries(chapters)) {
    group.commandsGroup(`${heading}:`);
    for (const add of adders) add(group, environment);
  }
  group.commandsGroup('Help:').helpCommand(true);
  return group;
}
