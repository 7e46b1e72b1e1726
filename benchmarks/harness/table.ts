/** The report of a run for people. */

import type { LatencySummary } from '../../model/histogram.ts';
import type { OnboardingReport, RunReport } from '../../model/report.ts';

/** The report as lines of a label and what there is to say. */
export function table(report: RunReport): string {
  const { connect, fleet, ledger, message, onboarding, telemetry } = report;
  const rows: (readonly [string, string])[] = [
    [
      'fleet',
      `${fleet.devices} devices of ${fleet.enterprises} enterprises, ${connect.connected} sessions in ${connect.seconds.toFixed(1)} s`,
    ],
    [
      'message',
      `${message.dialect}, QoS ${message.qos}, ${message.fieldsMean?.toFixed(1)} fields, ${message.bytesMean?.toFixed(0)} bytes; store ${report.environment.store}`,
    ],
    ...(onboarding === null ? [] : onboardingRows(onboarding)),
    ...wallRows(report),
    [
      'rate',
      `${Math.round(telemetry.perSecond)} acknowledged/s over ${report.durationS.toFixed(1)} s`,
    ],
    ['due→PUBACK', latency(telemetry.ackMs)],
    ['due→row', latency(telemetry.storedMs)],
    [
      'ledger',
      `${ledger.sent} sent, ${ledger.acked} acknowledged, ${ledger.stored} stored, ${ledger.lost} lost, ${ledger.duplicated} duplicated`,
    ],
    ...resourceRows(report),
  ];
  const width = Math.max(...rows.map(([label]) => label.length));
  const lines = [
    `${report.scenario}: ${report.verdict.toUpperCase()}`,
    `  ${report.question.en}`,
    ...rows.map(([label, text]) => `${label.padEnd(width)}  ${text}`),
    ...(report.isolation?.examples ?? []).map((example) => `  ${example}`),
    ...report.thresholds.map(
      ({ expression, ok, value }) =>
        `  ${ok === null ? 'not reconciled' : ok ? 'holds' : 'FAILED'}  ${expression} (${value})`,
    ),
    ...report.invalidReasons.map((reason) => `  invalid: ${reason}`),
  ];
  return `${lines.join('\n')}\n`;
}

function onboardingRows(onboarding: OnboardingReport): [string, string][] {
  const { acknowledged, firstRowMs, provisioned, stagesMs, stored } = onboarding;
  const pace = ({ devices, perSecond, seconds }: NonNullable<typeof stored>) =>
    `${devices} in ${seconds.toFixed(1)} s, ${perSecond.toFixed(0)} devices/s`;
  return [
    ['on board', `${provisioned} devices got a credential by their claim`],
    ['first PUBACKs', pace(acknowledged)],
    ['first rows', stored === null ? 'not known' : pace(stored)],
    ['  claim', latency(stagesMs.claim)],
    ['  credential', latency(stagesMs.provision)],
    ['  reconnect', latency(stagesMs.reconnect)],
    ['  due→PUBACK', latency(stagesMs.puback)],
    ['  due→row', latency(stagesMs.row)],
    ['  claim→row', latency(firstRowMs)],
  ];
}

function* wallRows({ audit, isolation, shutOut }: RunReport): Generator<[string, string]> {
  if (audit !== null) yield ['audit', `${audit.complete} of ${audit.sampled} trails are complete`];
  if (isolation !== null) {
    const { kinds, leaks, probes, rounds, unexpected } = isolation;
    yield [
      'isolation',
      `${probes} probes (${kinds} kinds, ${rounds} rounds), ${leaks} leaks, ${unexpected} unexpected`,
    ];
  }
  if (shutOut !== null) {
    yield ['suspend→closed', latency(shutOut.suspendMs)];
    yield ['revoke→closed', latency(shutOut.revokeMs)];
    yield [
      'shut out',
      `${shutOut.devices} sessions, ${shutOut.stillOpen} still open, ${shutOut.letIn} let in again`,
    ];
  }
}

function resourceRows({ cpuUsPerMessage, onboarding, resources }: RunReport): [string, string][] {
  return Object.entries(resources).map(([name, used]) => {
    if (used === null) return [name, 'not measured'];
    const cost =
      onboarding === null
        ? `${cpuUsPerMessage[name]} µs CPU per message`
        : `${used.cpuS.toFixed(1)} s CPU while they came on board`;
    return [name, `${cost}, ${Math.round(used.rssBytesMax / 1e6)} MB`];
  });
}

function latency(of: LatencySummary | null): string {
  if (of === null) return 'not measured';
  return `p50 ${ms(of.p50)}  p99 ${ms(of.p99)}  p99.9 ${ms(of.p999)}  max ${ms(of.max)}`;
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
