/** What a scenario is: a question, its parameters at two sizes, and what must hold. */

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

/** A threshold over the report: a path into it and a bound. */
export interface Threshold {
  readonly path: string;
  readonly comparison: '==' | '<=' | '>=';
  readonly bound: number;
}

/** Pure data; the runner does the rest. Adding one is a file here and a line in index.ts. */
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
}
