/** What is to be run: a scenario or a file, and what the command line says besides. */

import { OnrampError } from '../../model/errors.ts';
import { scenarios } from '../scenarios/index.ts';
import { flagOf, mergeParameters, type ParameterSource } from '../scenarios/parameters.ts';
import type { Scenario } from '../scenarios/scenario.ts';
import type { RunOptions } from './run.ts';
import { ownServerNames } from './run-store.ts';
import { isScenarioFile, readScenarioFile, type ScenarioFile } from './scenario-file.ts';
import { type TargetFlags, targetSettings } from './target-settings.ts';
import { parseThresholds } from './thresholds.ts';

/** In place of a scenario: one after the other. */
export const allScenarios = 'all';

export interface Wanted extends TargetFlags {
  /** The name of a scenario, of a file, or `all`. */
  readonly what: string;
  readonly size: 'smoke' | 'full' | null;
  readonly store: string | null;
  /** Parameters as flags said them. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

export type Plan = Pick<
  RunOptions,
  | 'scenario'
  | 'question'
  | 'size'
  | 'parameters'
  | 'thresholds'
  | 'play'
  | 'linuxOnly'
  | 'store'
  | 'target'
> & { readonly takesStoreAway: boolean };

const storeDefault = 'embedded';

/**
 * The runs that are wanted.
 * @throws OnrampError `config.invalid` with every mistake at once.
 */
export function planRuns(wanted: Wanted): Plan[] {
  const problems: string[] = [];
  const target = targetSettings(wanted, problems);
  checkStore(wanted.store, problems);
  const file = isScenarioFile(wanted.what) ? readScenarioFile(wanted.what, problems) : null;
  const plans = based(wanted.what, file, problems).flatMap((scenario) => {
    const plan = planOf(scenario, file, wanted, target, problems);
    return plan === null ? [] : [plan];
  });
  if (problems.length > 0) throw new OnrampError('config.invalid', [...new Set(problems)]);
  return plans;
}

/** The scenarios that are meant. */
function based(what: string, file: ScenarioFile | null, problems: string[]): Scenario[] {
  if (what === allScenarios) return Object.values(scenarios);
  if (isScenarioFile(what) && file === null) return [];
  const name = file?.scenario ?? what;
  const scenario = Object.hasOwn(scenarios, name) ? scenarios[name] : undefined;
  if (scenario !== undefined) return [scenario];
  const known = Object.keys(scenarios).join(', ');
  const where = file === null ? '' : `${what}: scenario: `;
  problems.push(`${where}there is no scenario ${name}; there are: ${known}`);
  return [];
}

function planOf(
  scenario: Scenario,
  file: ScenarioFile | null,
  wanted: Wanted,
  target: Plan['target'],
  problems: string[],
): Plan | null {
  const size = wanted.size ?? file?.size ?? 'smoke';
  const sources: ParameterSource[] = [
    { said: scenario[size], nameOf: (name) => `${scenario.id}: ${name}` },
    { said: file?.parameters ?? {}, nameOf: (name) => `${wanted.what}: parameters.${name}` },
    { said: wanted.parameters, nameOf: flagOf },
  ];
  const parameters = mergeParameters(sources, problems);
  const atFull = size === 'full' ? scenario.fullThresholds : [];
  const own = file?.thresholds === undefined ? atFull : [];
  const thresholds = [
    ...parseThresholds([...scenario.thresholds, ...own], problems),
    ...parseThresholds(file?.thresholds ?? [], problems, true),
  ];
  const many = wanted.what === allScenarios;
  if (!many) refuseUnfit(scenario, wanted, problems);
  if (parameters === null) return null;
  const { id, linuxOnly = false, takesStoreAway = false } = scenario;
  return {
    scenario: id,
    question: file?.question ?? scenario.question,
    size,
    parameters,
    thresholds,
    play: (bench) => scenario.play(bench),
    linuxOnly: linuxOnly && target === null,
    takesStoreAway,
    store: wanted.store ?? storeDefault,
    target,
  };
}

function refuseUnfit(scenario: Scenario, wanted: Wanted, problems: string[]): void {
  const { anyTarget = false, id, takesStoreAway = false } = scenario;
  if (wanted.target !== undefined) {
    if (wanted.store !== null) problems.push('--store: does not go with --target');
    if (!anyTarget) problems.push(`--target: the scenario ${id} needs a gateway of its own`);
  } else if (takesStoreAway && !isOwnServer(wanted.store ?? storeDefault)) {
    problems.push(
      `--store: the scenario ${id} takes the store away, so it needs a server of its own: ` +
        'influxdb or victoriametrics',
    );
  }
}

function checkStore(store: string | null, problems: string[]): void {
  if (store === null || store === storeDefault || isOwnServer(store)) return;
  if (/^https?:\/\/[^/]/.test(store)) return;
  const names = [storeDefault, ...ownServerNames].join(', ');
  problems.push(`--store: must be one of ${names}, or a URL of HTTP`);
}

/** A server that the run starts, and may stop. */
export function isOwnServer(store: string): boolean {
  return (ownServerNames as readonly string[]).includes(store);
}
