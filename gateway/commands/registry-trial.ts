/** `registry trial`: everything that somebody needs who wants to try to connect a machine. */

import { type FileHandle, open, readFile, unlink } from 'node:fs/promises';
import type { Command } from 'commander';
import { messageOf, OnrampError } from '../../model/errors.ts';
import { DecodedText } from '../registry/imports/import-encoding.ts';
import { cardText, type ShownTrial } from './card-text.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  printJson,
  subcommand,
  withOperator,
} from './command-line.ts';
import { ask } from './operator.ts';
import {
  followEvents,
  type LanguageOptions,
  languageOption,
  languageTold,
} from './registry-watch.ts';

interface TrialOptions extends LanguageOptions {
  readonly name?: string;
  readonly enterprise?: string;
  readonly device?: string;
  readonly profile?: string;
  readonly csv?: string;
  readonly card?: string;
  readonly watch?: boolean;
}

/** Adds `trial` to `group`. */
export function addTrialCommand(group: Command, environment: CommandEnvironment): void {
  subcommand(
    group,
    'trial',
    'Begin a trial of a week: an enterprise, a device, and a connection card that is ready to use',
    [
      'onramp registry trial --name "Acme 机械" --profile injection-moulding --card card.json',
      'onramp registry trial --csv press.csv --watch      a machine that nobody has described yet',
      'onramp registry trial                              any machine: profile generic',
    ],
    environment,
  )
    .option('--name <text>', "the enterprise's name, for people")
    .option('--enterprise <id>', 'a new id (default: generated)')
    .option('--device <id>', 'its machine (default: machine-1)')
    .option('--profile <id>', 'what kind of machine it is (default: generic)')
    .option('--csv <file>', 'or a table of its signals, as profile-add takes it')
    .option('--card <file>', 'a new file for the card, JSON, readable by its owner only')
    .option('--watch', 'then say what happens to the device, until Ctrl-C')
    .addOption(languageOption())
    .action(withOperator(environment, trial));
}

async function trial(run: CommandRun, options: TrialOptions): Promise<void> {
  const { name, enterprise, device, profile, card: cardFile } = options;
  const csv = options.csv === undefined ? undefined : await tableText(options.csv);
  const begin = () =>
    ask<ShownTrial>(run.operator, {
      method: 'POST',
      path: '/trials',
      body: {
        type: 'application/json',
        content: JSON.stringify({ name, enterprise, device, profile, csv }),
      },
    });
  const begun = cardFile === undefined ? await begin() : await beginInto(cardFile, begin);
  const language = languageTold(run, options);
  if (run.json) printJson(run, begun);
  else run.stdout.write(cardText(begun, language, cardFile ?? null));
  if (options.watch !== true) return;
  await followEvents(run, begun, language);
}

/** Begins a trial and writes its card into a file, which is there, and empty, before it begins. */
async function beginInto(path: string, begin: () => Promise<ShownTrial>): Promise<ShownTrial> {
  const file = await newFile(path);
  let begun: ShownTrial | null = null;
  try {
    begun = await begin();
    await file.writeFile(`${JSON.stringify(begun.card, null, 2)}\n`);
    await file.sync();
    return begun;
  } finally {
    await file.close();
    if (begun === null) await unlink(path);
  }
}

async function newFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'wx', 0o600);
  } catch (error) {
    throw new OnrampError('command.file-unwritable', messageOf(error), error);
  }
}

/** The text of a table in any encoding that spreadsheets save. */
async function tableText(path: string): Promise<string> {
  const bytes = await readFile(path).catch((error) => {
    throw new OnrampError('command.file-unreadable', messageOf(error), error);
  });
  let text = '';
  for await (const piece of new DecodedText([bytes], 'profile.invalid')) text += piece;
  return text;
}
