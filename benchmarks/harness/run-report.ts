/** The report of a run, whatever became of it. Pure, but for where it took place. */

import type { ProcessResources, RunReport } from '../../model/report.ts';
import { isLoopback, parseTarget } from '../../simulator/client/target.ts';
import type { RunParameters } from '../scenarios/parameters.ts';
import { writtenParameters } from '../scenarios/parameters.ts';
import type { Asked } from './asked.ts';
import type { Draft } from './draft.ts';
import type { TargetSettings } from './target-settings.ts';
import { checkThresholds, namesTime, type Threshold } from './thresholds.ts';
import { unjudged, verdictOf } from './verdict.ts';

/** What was run. */
export interface RunPlan {
  readonly scenario: string;
  readonly question: RunReport['question'];
  readonly size: 'smoke' | 'full';
  readonly parameters: RunParameters;
  readonly thresholds: readonly Threshold[];
  /** `embedded`, the name of a server of the run's own, or a URL; of no account with a target. */
  readonly store: string;
  /** Null: the run starts its own gateway. */
  readonly target: Pick<TargetSettings, 'url' | 'dialect'> | null;
}

/** The report of `draft`, with its verdict. */
export function runReport(
  plan: RunPlan,
  draft: Draft,
  environment: RunReport['environment'],
): RunReport {
  const { parameters } = plan;
  const generator = generatorOf(draft);
  const judged = {
    schema: 'onramp-report/1' as const,
    scenario: plan.scenario,
    question: plan.question,
    seed: parameters.seed,
    startedAt: new Date(draft.startedAtMs).toISOString(),
    durationS: draft.simulated?.durationS ?? 0,
    interrupted: draft.interrupted,
    environment,
    parameters: {
      ...writtenParameters(parameters),
      size: plan.size,
      ...whereOf(plan),
    },
    ...fleetParts(plan, draft),
    ledger: ledgerOf(plan, draft),
    isolation: draft.finding.isolation ?? null,
    shutOut: draft.finding.shutOut ?? null,
    audit: draft.finding.audit ?? null,
    fairness: draft.simulated?.fairness ?? null,
    findings: { ...draft.findings, ...draft.finding.findings },
    resources: draft.resources,
    cpuUsPerMessage: cpuUsPerMessage(draft),
    generator,
    failures: draft.simulated?.failures ?? draft.fleet?.failures ?? [],
    timeline: draft.timeline,
  };
  const thresholds = checkThresholds(judged, plan.thresholds, askedOf(plan));
  const ofGenerator = judgesGenerator(plan) ? generator.reasons : [];
  const reasons = [...draft.invalidReasons, ...ofGenerator];
  const verdict = verdictOf(reasons.length === 0, thresholds);
  if (reasons.length === 0 && verdict === 'invalid') {
    const open = unjudged(thresholds).map(({ expression }) => expression);
    reasons.push(...open.map((expression) => `${expression} could not be judged`));
  }
  return { ...judged, invalidReasons: reasons, thresholds, verdict };
}

function askedOf({ parameters: { isolation, qos }, target }: RunPlan): Asked {
  return { isolation, qos, target: target !== null };
}

/** Where it was played, as flags say it; never a secret. */
function whereOf({ store, target }: RunPlan): Record<string, string> {
  if (target === null) return { store: withoutCredentials(store) };
  const { host } = parseTarget(target.url)!;
  const allowed: Record<string, string> = isLoopback(host) ? {} : { allowHost: host };
  return { target: target.url, dialect: target.dialect, ...allowed };
}

function withoutCredentials(store: string): string {
  if (!store.includes('://')) return store;
  const url = URL.parse(store);
  return url === null ? 'URL' : `${url.origin}${url.pathname.replace(/\/$/, '')}`;
}

/** What the fleet says; before its report, what was last heard of it. */
function fleetParts(
  { parameters, target }: RunPlan,
  { fleet, proof, simulated, storedMs }: Draft,
): Pick<RunReport, 'fleet' | 'message' | 'connect' | 'onboarding' | 'telemetry'> {
  if (simulated !== null) {
    const { acked, due, sent, skipped, unsent } = simulated.telemetry;
    const { ackMs, perSecond, publishDelayMs } = simulated.telemetry;
    return {
      fleet: simulated.fleet,
      message: simulated.message,
      connect: { ...simulated.connect, proof },
      onboarding: simulated.onboarding,
      telemetry: {
        ...{ due, sent, unsent, skipped, acked },
        ...{ perSecond, publishDelayMs, ackMs, storedMs },
      },
    };
  }
  const { devices, enterprises, qos, tls } = parameters;
  const connected = fleet?.connected ?? 0;
  const attempted = fleet === null ? 0 : fleet.devices - fleet.untried;
  return {
    fleet: { enterprises, devices, productionDevices: devices, sessions: connected },
    message: { dialect: target?.dialect ?? 'native', qos, tls, fieldsMean: null, bytesMean: null },
    connect: {
      attempted,
      connected,
      failed: Math.max(0, attempted - connected),
      reconnects: 0,
      seconds: 0,
      latencyMs: null,
      stagesMs: { tcp: null, tls: null, connack: null },
      proof,
    },
    onboarding: null,
    telemetry: {
      due: null,
      sent: fleet?.sent ?? 0,
      unsent: null,
      skipped: fleet?.skipped ?? 0,
      acked: fleet === null ? null : fleet.acked,
      perSecond: 0,
      publishDelayMs: null,
      ackMs: null,
      storedMs,
    },
  };
}

function ledgerOf({ parameters }: RunPlan, draft: Draft): RunReport['ledger'] {
  const { deadLettered, fleet, late, reconciled, simulated } = draft;
  const told = simulated?.telemetry ?? fleet;
  // At QoS 0 nothing is acknowledged: none can be lost of what nobody promised.
  const promised = parameters.qos === 1 ? reconciled : null;
  return {
    sent: told?.sent ?? 0,
    acked: told?.acked ?? null,
    stored: reconciled?.stored ?? null,
    lost: promised?.lost ?? null,
    duplicated: reconciled?.duplicated ?? null,
    overwritten: promised?.overwritten ?? null,
    deadLettered,
    late,
    lateAfterMs: parameters.lateAfter,
    examples: reconciled?.examples ?? [],
  };
}

/** What the fleet says of itself. */
function generatorOf({ simulated }: Draft): RunReport['generator'] {
  return {
    eventLoopLagMs: simulated?.generator.eventLoopLagMs ?? null,
    overruns: simulated?.generator.overruns ?? 0,
    connecting: simulated?.generator.connecting ?? null,
    valid: simulated === null ? null : simulated.invalidReasons.length === 0,
    reasons: simulated?.invalidReasons ?? [],
  };
}

/** A smoke in which nothing is timed may run on a busy machine. */
function judgesGenerator({ size, thresholds }: RunPlan): boolean {
  return size === 'full' || thresholds.some(namesTime);
}

/** Of a city that comes on board the resources are those of coming: no message shares them. */
function cpuUsPerMessage({ resources, simulated }: Draft): Record<string, number | null> {
  const { durationS = 0, onboarding = null, telemetry } = simulated ?? {};
  const messages = onboarding === null ? (telemetry?.perSecond ?? 0) * durationS : 0;
  const cost = (used: ProcessResources | null) =>
    used === null || messages === 0 ? null : Math.round((used.cpuS * 1e6) / messages);
  return Object.fromEntries(Object.entries(resources).map(([name, used]) => [name, cost(used)]));
}
