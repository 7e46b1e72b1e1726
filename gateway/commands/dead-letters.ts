/** The `dead-letters` command: what was refused, and trying it again. */

import type { Command } from 'commander';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { ReplayReport } from '../api/context.ts';
import type { KeptDeadLetter } from '../shipping/dead-letters.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  groupCommand,
  printJson,
  processEnvironment,
  subcommand,
  table,
  withOperator,
} from './command-line.ts';
import { ask } from './operator.ts';

interface LetterOptions {
  readonly enterprise?: string;
  readonly device?: string;
  readonly code?: string;
  readonly limit: string;
}

/** `onramp dead-letters`: talks to a running gateway, or opens the data folder when none runs. */
export function deadLettersCommand(environment: CommandEnvironment = processEnvironment): Command {
  const group = groupCommand('dead-letters', environment).description(
    'Readings that were refused: list them, replay them',
  );
  const list = subcommand(
    group,
    'list',
    'List what was refused and why, newest first',
    [
      'onramp dead-letters list --enterprise acme',
      'onramp dead-letters list --code signal.unknown',
    ],
    environment,
  );
  letterOptions(list)
    .option('--limit <n>', `letters of the page, at most ${limits.apiPageRowsMax}`, '100')
    .option('--after <id>', 'go on after this letter, which the page before has named')
    .action(withOperator(environment, listLetters));

  const replay = subcommand(
    group,
    'replay',
    'Offer refused readings again, oldest first, after their cause is mended (needs a running gateway)',
    [
      'onramp dead-letters replay --code store.refused-group',
      'onramp dead-letters replay --limit 5',
    ],
    environment,
  );
  letterOptions(replay)
    .option('--limit <n>', `letters, at most ${limits.deadLettersPerEnterpriseMax}`, '1000')
    .action(withOperator(environment, replayLetters));
  return group;
}

function letterOptions(command: Command): Command {
  return command
    .option('--enterprise <id>', 'only of this enterprise')
    .option('--device <id>', 'only of the device of this id')
    .option('--code <code>', 'only with this error code');
}

async function listLetters(
  run: CommandRun,
  options: LetterOptions & { readonly after?: string },
): Promise<void> {
  const { enterprise, device, code, limit, after } = options;
  const page = await ask<{ items: KeptDeadLetter[]; next: number | null }>(run.operator, {
    method: 'GET',
    path: '/dead-letters',
    query: { enterprise, device, code, limit, after },
  });
  if (run.json) {
    printJson(run, page);
    return;
  }
  const rows = page.items.map((letter) => [
    new Date(letter.atMs).toISOString(),
    deviceKey(letter.enterprise, letter.device),
    letter.code,
    letter.replay,
    letter.detail,
  ]);
  run.stdout.write(table([['TIME', 'DEVICE', 'CODE', 'REPLAY', 'DETAIL'], ...rows]));
  if (page.next !== null) run.stderr.write(`There are more: --after ${page.next}\n`);
}

async function replayLetters(run: CommandRun, options: LetterOptions): Promise<void> {
  const { enterprise, device, code, limit } = options;
  const report = await ask<ReplayReport>(run.operator, {
    method: 'POST',
    path: '/dead-letters/replay',
    body: {
      type: 'application/json',
      content: JSON.stringify({ enterprise, device, code, limit: Number(limit) }),
    },
  });
  if (run.json) printJson(run, report);
  else {
    const { tried, stored, refusedAgain } = report;
    run.stdout.write(`${tried} tried, ${stored} stored, ${refusedAgain} refused again.\n`);
  }
}
