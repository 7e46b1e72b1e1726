/** The `dead-letters` command: what was refused, and trying it again. */

import type { Command } from 'commander';
import { OnrampError } from '../../model/errors.ts';
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

/** In pages, so that a long replay shows how far it is; one that breaks off has said what it did. */
async function replayLetters(run: CommandRun, options: LetterOptions): Promise<void> {
  const limit = replayLimit(options.limit);
  let total: ReplayReport = { tried: 0, stored: 0, refusedAgain: 0, next: null };
  do {
    const asked = Math.min(limit - total.tried, limits.apiPageRowsMax);
    const page = await replayPage(run, options, { after: total.next ?? undefined, limit: asked });
    total = {
      tried: total.tried + page.tried,
      stored: total.stored + page.stored,
      refusedAgain: total.refusedAgain + page.refusedAgain,
      next: page.next,
    };
    if (limit > limits.apiPageRowsMax) run.stderr.write(`${summaryOf(total)} …\n`);
  } while (total.next !== null && total.tried < limit);
  if (run.json) printJson(run, total);
  else run.stdout.write(`${summaryOf(total)}.\n`);
}

function replayPage(
  { operator }: CommandRun,
  { enterprise, device, code }: LetterOptions,
  page: { readonly after: number | undefined; readonly limit: number },
): Promise<ReplayReport> {
  return ask<ReplayReport>(operator, {
    method: 'POST',
    path: '/dead-letters/replay',
    body: {
      type: 'application/json',
      content: JSON.stringify({ enterprise, device, code, ...page }),
    },
  });
}

function replayLimit(text: string): number {
  const limit = Number(text);
  const max = limits.deadLettersPerEnterpriseMax;
  if (Number.isInteger(limit) && limit >= 1 && limit <= max) return limit;
  throw new OnrampError('api.bad-request', `--limit must be 1 to ${max}`);
}

function summaryOf({ tried, stored, refusedAgain }: ReplayReport): string {
  return `${tried} tried, ${stored} stored, ${refusedAgain} refused again`;
}
