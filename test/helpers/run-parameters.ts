/** Parameters of a run, from one source. */

import {
  mergeParameters,
  type RunParameters,
  type ScenarioParameters,
} from '../../benchmarks/scenarios/parameters.ts';

/** @throws Error with every mistake. */
export function parseParameters(said: ScenarioParameters): RunParameters {
  const problems: string[] = [];
  const parameters = mergeParameters([{ said, nameOf: (name) => name }], problems);
  if (parameters === null) throw new Error(problems.join('; '));
  return parameters;
}
