/** Asking before something that cannot be taken back. */

import { createInterface } from 'node:readline/promises';
import type { Readable } from 'node:stream';
import type { Command } from 'commander';
import { OnrampError } from '../../model/errors.ts';
import type { CommandEnvironment } from './command-line.ts';

/** What `yesOption` gives an action. */
export interface YesOption {
  readonly yes?: boolean;
}

/** Adds `--yes` to a command that asks. */
export function yesOption(command: Command): Command {
  return command.option('--yes', 'do not ask; needed where there is no terminal');
}

/**
 * Returns when `--yes` was given or a person answered yes to `question`.
 * @throws OnrampError `command.not-confirmed`; `config.invalid` where there is nobody to ask.
 */
export async function confirm(
  { stdin, stderr }: Pick<CommandEnvironment, 'stdin' | 'stderr'>,
  question: string,
  { yes }: YesOption,
): Promise<void> {
  if (yes) return;
  if (!stdin.isTTY) {
    throw new OnrampError('config.invalid', 'this cannot be taken back: confirm it with --yes');
  }
  stderr.write(`${question} This cannot be taken back. [y/N] `);
  const answer = (await firstLine(stdin)).trim().toLowerCase();
  if (answer !== 'y' && answer !== 'yes') throw new OnrampError('command.not-confirmed');
}

/** Empty when the input ends without one. */
async function firstLine(input: Readable): Promise<string> {
  for await (const line of createInterface({ input })) return line;
  return '';
}
