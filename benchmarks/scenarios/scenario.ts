/** What a scenario is: a question, its parameters at two sizes, how it is played, what must hold. */

import type { RunReport } from '../../model/report.ts';
import type { SimulationReport } from '../../simulator/report.ts';
import type { Summary } from '../gateway-client.ts';
import type { Bench } from '../harness/bench.ts';
import type { Verified } from '../harness/verify.ts';

/** Parameters of a run; durations as people write them. */
export interface ScenarioParameters {
  readonly devices: number;
  readonly enterprises: number;
  readonly interval: string;
  readonly duration: string;
  readonly report: 'key' | 'full';
  readonly workers: number;
  readonly seed: number;
}

/** A threshold over the report: a path into it, and a bound, which may be a path as well. */
export interface Threshold {
  readonly path: string;
  readonly comparison: '==' | '<=' | '>=';
  readonly bound: number | string;
}

/** What playing a scenario found; the runner makes the report of it. */
export interface Played {
  readonly simulated: SimulationReport;
  /** The gateway's own, once everything accepted was stored. */
  readonly summary: Summary;
  /** Of the measured window. */
  readonly resources: RunReport['resources'];
  readonly verified: Verified;
  readonly isolation?: RunReport['isolation'];
  readonly shutOut?: RunReport['shutOut'];
  readonly audit?: RunReport['audit'];
}

/** Adding one is a file here and a line in index.ts. */
export interface Scenario {
  readonly id: string;
  /** What a run answers. */
  readonly question: string;
  readonly smoke: ScenarioParameters;
  readonly full: ScenarioParameters;
  /** Hold at any size. */
  readonly thresholds: readonly Threshold[];
  /** Hold at full size, on the machine the project is measured on. */
  readonly fullThresholds: readonly Threshold[];
  /** It needs several workers, or loopback addresses by the hundred. */
  readonly linuxOnly?: boolean;
  play(bench: Bench): Promise<Played>;
}
