/** Lists of the API on a terminal: a page at a time, a column for each thing worth seeing. */

import type { Command } from 'commander';
import { limits } from '../../model/limits.ts';
import { type CommandRun, printJson, table } from './command-line.ts';
import { ask, type OperatorRequest } from './operator.ts';

/** What `pageOptions` gives an action. */
export interface PageOptions {
  readonly limit: string;
  readonly after?: string;
}

/** Adds the options of a list. */
export function pageOptions(command: Command): Command {
  return command
    .option('--limit <n>', `rows of the page, at most ${limits.apiPageRowsMax}`, '100')
    .option('--after <key>', 'go on after this row, which the page before has named');
}

/** Headings, and what stands under each. */
export type Columns<Item> = Readonly<Record<string, (item: Item) => string>>;

/** Asks for a page of the resource at `path` and prints it, with how to go on. */
export async function printList<Item>(
  run: CommandRun,
  path: string,
  query: NonNullable<OperatorRequest['query']>,
  columns: Columns<Item>,
): Promise<void> {
  const page = await ask<{ readonly items: readonly Item[]; readonly next: string | null }>(
    run.operator,
    { method: 'GET', path, query },
  );
  if (run.json) {
    printJson(run, page);
    return;
  }
  const rows = page.items.map((item) => Object.values(columns).map((text) => text(item)));
  run.stdout.write(table([Object.keys(columns), ...rows]));
  if (page.next !== null) run.stderr.write(`There may be more: --after ${page.next}\n`);
}

/** Lines of a name and what it is. */
export function printFields(
  run: Pick<CommandRun, 'stdout'>,
  fields: Readonly<Record<string, string>>,
): void {
  run.stdout.write(table(Object.entries(fields)));
}

/** A moment in UTC, to the second. */
export function timeText(atMs: number): string {
  return new Date(atMs).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** Whether something that is withdrawn or expires is still good at `nowMs`. */
export function goodText(
  { revokedAtMs, untilMs }: { readonly revokedAtMs: number | null; readonly untilMs?: number },
  nowMs: number,
): 'valid' | 'revoked' | 'expired' {
  if (revokedAtMs !== null) return 'revoked';
  return untilMs !== undefined && untilMs <= nowMs ? 'expired' : 'valid';
}
