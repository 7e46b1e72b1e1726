/** What a scenario's play adds to what every run finds. */

import type { Findings, RunReport } from '../../model/report.ts';

/** What is left out is null in the report, and `findings` lacks what is not named. */
export interface Finding extends Partial<Pick<RunReport, 'isolation' | 'shutOut' | 'audit'>> {
  readonly findings?: Findings;
}
