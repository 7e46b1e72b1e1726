/** `registry profiles` and `profile-add`. */

import { extname } from 'node:path';
import type { Command } from 'commander';
import type { Name } from '../../model/profile.ts';
import type { ListedProfile } from '../registry/registry.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  printJson,
  subcommand,
  table,
  withOperator,
} from './command-line.ts';
import { ask } from './operator.ts';
import { fileContent } from './registry-import.ts';

interface ProfileInShort {
  readonly id: string;
  readonly name: Name;
  readonly enterprise: string | null;
  readonly builtIn: boolean;
  readonly signals: number;
}

interface ProfileAddOptions {
  readonly enterprise: string;
  readonly name?: string;
  readonly label?: string;
  readonly sensor?: boolean;
}

/** Adds the commands about profiles to `group`. */
export function addProfileCommands(group: Command, environment: CommandEnvironment): void {
  subcommand(
    group,
    'profiles',
    'List the profiles a device may have',
    ['onramp registry profiles', 'onramp registry profiles --json'],
    environment,
  ).action(withOperator(environment, listProfiles));

  subcommand(
    group,
    'profile-add <file>',
    'Add a profile, or a new version of one, from a CSV (columns name, type, unit, min, max, zh, ' +
      'en, values, key) or JSON file (- reads a CSV from standard input)',
    [
      'onramp registry profile-add press.csv --enterprise acme --name press',
      'onramp registry add --enterprise acme --device press-1 --profile acme.press',
    ],
    environment,
  )
    .requiredOption('--enterprise <id>', 'whose profile it is')
    .option('--name <name>', 'its id is then {enterprise}.{name}; a JSON file may bring its own')
    .option('--label <text>', 'its name for people')
    .option('--sensor', 'its devices are no production devices')
    .action(withOperator(environment, addProfile));
}

async function listProfiles(run: CommandRun): Promise<void> {
  const answer = await ask<{ items: ProfileInShort[] }>(run.operator, {
    method: 'GET',
    path: '/profiles',
  });
  if (run.json) {
    printJson(run, answer);
    return;
  }
  const rows = answer.items.map(({ id, signals, builtIn, name }) => [
    id,
    String(signals),
    builtIn ? 'built in' : 'added',
    `${name.en} ${name.zh === name.en ? '' : name.zh}`.trim(),
  ]);
  run.stdout.write(table([['PROFILE', 'SIGNALS', 'ORIGIN', 'NAME'], ...rows]));
}

async function addProfile(
  run: CommandRun,
  options: ProfileAddOptions,
  [file]: readonly string[],
): Promise<void> {
  const { enterprise, name, label, sensor } = options;
  const isJson = extname(file!).toLowerCase() === '.json';
  const added = await ask<ListedProfile>(run.operator, {
    method: 'POST',
    path: '/profiles',
    query: { enterprise, name, label, production: sensor ? false : undefined },
    body: {
      type: isJson ? 'application/json' : 'text/csv',
      content: file === '-' ? run.stdin : (await fileContent(file!)).stream,
    },
  });
  if (run.json) printJson(run, added);
  else run.stdout.write(`${added.profile.id}  ${added.profile.signals.length} signals\n`);
}
