/** What a scenario is: a question, its parameters at two sizes, how it is played, what must hold. */

import type { Bench } from '../harness/bench.ts';
import type { Finding } from '../harness/finding.ts';
import type { ScenarioParameters } from './parameters.ts';

/** Adding one is a file here and a line in index.ts. */
export interface Scenario {
  readonly id: string;
  /** What a run answers, in both languages. */
  readonly question: { readonly en: string; readonly zh: string };
  /** Laid over the parameters every scenario has. */
  readonly smoke: Partial<ScenarioParameters>;
  readonly full: Partial<ScenarioParameters>;
  /** What must hold at any size, such as `ledger.lost == 0`: a path into the report and a bound. */
  readonly thresholds: readonly string[];
  /** What must hold at full size, on the machine the project is measured on. */
  readonly fullThresholds: readonly string[];
  /** It needs several workers, or loopback addresses by the hundred. */
  readonly linuxOnly?: boolean;
  /** It takes the store away, which only a store server of the run's own can be. */
  readonly takesStoreAway?: boolean;
  /** It asks the gateway for nothing, so that it can be played against any platform. */
  readonly anyTarget?: boolean;
  /** Plays it; what it finds goes into the report. */
  play(bench: Bench): Promise<Finding>;
}
