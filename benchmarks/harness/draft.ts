/** What a run has found so far: a report can be made of it at any moment. */

import type { LatencySummary } from '../../model/histogram.ts';
import type {
  ConnectedProof,
  Findings,
  ProcessResources,
  RunTimeline,
} from '../../model/report.ts';
import type { SimulationReport } from '../../simulator/report.ts';
import type { FleetState } from '../../simulator/simulation.ts';
import type { Reconciled } from '../reconcile/reconcile.ts';
import type { Finding } from './finding.ts';

/** Null is what is not known (yet). */
export interface Draft {
  startedAtMs: number;
  store: string | null;
  /** The last that was heard of the fleet; its own report replaces it. */
  fleet: FleetState | null;
  simulated: SimulationReport | null;
  proof: ConnectedProof;
  reconciled: Reconciled | null;
  deadLettered: number | null;
  late: number | null;
  storedMs: LatencySummary | null;
  resources: Readonly<Record<string, ProcessResources | null>>;
  finding: Finding;
  findings: Findings;
  timeline: RunTimeline | null;
  interrupted: boolean;
  /** Why it says nothing of the system, besides what the fleet says of itself. */
  invalidReasons: readonly string[];
}

export function blankDraft(startedAtMs: number): Draft {
  return {
    startedAtMs,
    store: null,
    fleet: null,
    simulated: null,
    proof: { client: null, broker: null, kernel: null, store: null },
    reconciled: null,
    deadLettered: null,
    late: null,
    storedMs: null,
    resources: {},
    finding: {},
    findings: {},
    timeline: null,
    interrupted: false,
    invalidReasons: [],
  };
}
