/** `registry counts`: how far the city, its districts or one enterprise have come on board. */

import type { Command } from 'commander';
import { OnrampError } from '../../model/errors.ts';
import type { Name } from '../../model/profile.ts';
import type { NestedCounts, OnboardingCounts, PlaceCounts } from '../onboarding/onboarding.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  printJson,
  subcommand,
  table,
  withOperator,
} from './command-line.ts';
import { ask } from './operator.ts';

interface CountsAnswer {
  readonly counts: OnboardingCounts | PlaceCounts | null;
  /** What each count means. */
  readonly definitions: Readonly<Record<string, Name>>;
}

/** Adds the command to `group`. */
export function addCountsCommand(group: Command, environment: CommandEnvironment): void {
  subcommand(
    group,
    'counts',
    'Devices and enterprises that are registered, activated, connected and online: of the city and ' +
      'its districts',
    ['onramp registry counts', 'onramp registry counts --enterprise acme --json'],
    environment,
  )
    .option('--enterprise <id>', 'of this one alone')
    .action(withOperator(environment, showCounts));
}

async function showCounts(
  run: CommandRun,
  { enterprise }: { readonly enterprise?: string },
): Promise<void> {
  const answer = await ask<CountsAnswer>(run.operator, {
    method: 'GET',
    path: '/counts',
    query: { enterprise },
  });
  const { counts, definitions } = answer;
  // Without a gateway nobody is connected, and nobody counts.
  if (counts === null && run.operator.notice !== null)
    throw new OnrampError('command.needs-gateway');
  if (counts === null) run.setExitCode(1);
  if (run.json) {
    printJson(run, answer);
  } else if (counts === null) {
    run.stderr.write(countsNotYet);
  } else {
    const places =
      'city' in counts ? { city: counts.city, ...counts.byDistrict } : { [enterprise!]: counts };
    const meanings = Object.values(definitions).map(({ en }) => `${en}\n`);
    run.stdout.write(`${countsTable(places)}\n${meanings.join('')}`);
  }
}

/** What is said while a gateway that has just started reads its directory. */
export const countsNotYet = 'The gateway still counts its devices: ask again in a moment.\n';

/** A line for each place and for what is counted there. */
export function countsTable(places: Readonly<Record<string, PlaceCounts>>): string {
  const lines = Object.entries(places).flatMap(([place, { production, other, enterprises }]) => [
    [place, 'production devices', ...numbers(production)],
    [place, 'other devices', ...numbers(other)],
    [place, 'enterprises', ...numbers(enterprises)],
  ]);
  return table([['PLACE', 'OF', 'REGISTERED', 'ACTIVATED', 'CONNECTED', 'ONLINE'], ...lines]);
}

function numbers({ registered, activated, connected, online }: NestedCounts): string[] {
  return [registered, activated, connected, online].map(String);
}
