/** What every part of a run has at hand. */

import type { Clock } from '../../model/clock.ts';
import type { Draft } from './draft.ts';
import type { Monitor } from './monitor.ts';

export interface RunContext {
  readonly clock: Clock;
  /** Everything is kept here. */
  readonly folder: string;
  /** `embedded`, `influxdb`, `victoriametrics` (the run's own) or a URL. */
  readonly store: string;
  readonly monitor: Monitor;
  readonly draft: Draft;
  /** What has to be ended after the run, the latest first. */
  readonly closers: (() => Promise<unknown> | unknown)[];
  /** Aborted, with the reason, when the run cannot go on. */
  readonly signal: AbortSignal;
  /** Ends the run with `error`. */
  readonly fail: (error: Error) => void;
  /** `work`, or the reason as soon as the run cannot go on. */
  readonly unlessAborted: <T>(work: Promise<T>) => Promise<T>;
  /** Tells whoever watches. */
  readonly say: (line: string) => void;
}
