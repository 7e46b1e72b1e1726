/** The report of a run for people: short, one topic a line. */

import type { LatencySummary } from '../../model/histogram.ts';
import type {
  ConnectedProof,
  OnboardingReport,
  RunReport,
  ThresholdResult,
} from '../../model/report.ts';

type Row = readonly [label: string, text: string];

/** The report as lines of a label and what there is to say, and the verdict with its reasons. */
export function table(report: RunReport): string {
  const rows = [...fleetRows(report), ...wallRows(report), ...flowRows(report)];
  const all = [...rows, ...findingRows(report), ...resourceRows(report), ...generatorRows(report)];
  const width = Math.max(...all.map(([label]) => label.length));
  const lines = [
    `${report.scenario}: ${report.verdict.toUpperCase()}`,
    `  ${report.question.en}`,
    ...all.map(([label, text]) => `${label.padEnd(width)}  ${text}`),
    ...(report.isolation?.examples ?? []).map((example) => `  ${example}`),
    ...report.ledger.examples.map((example) => `  ${example}`),
    ...report.thresholds.map(
      (result) => `  ${resultOf(result)}  ${result.expression} (${figure(result.value)})`,
    ),
    ...report.invalidReasons.map((reason) => `  INVALID: ${reason}`),
  ];
  return `${lines.join('\n')}\n`;
}

function resultOf({ asked, ok }: ThresholdResult): string {
  if (!asked) return 'not asked';
  return ok === null ? 'not known' : ok ? 'holds' : 'FAILED';
}

function* fleetRows(report: RunReport): Generator<Row> {
  const { connect, environment, fleet, message, onboarding } = report;
  yield ['fleet', `${fleet.devices} devices of ${fleet.enterprises} enterprises`];
  const failed = connect.failed === 0 ? '' : `, ${connect.failed} failed`;
  const again = connect.reconnects === 0 ? '' : `, ${connect.reconnects} reconnects`;
  yield [
    'sessions',
    `${connect.connected} in ${connect.seconds.toFixed(1)} s${failed}${again}; ` +
      `each: ${latency(connect.latencyMs)}`,
  ];
  yield ['  proof', proof(connect.proof)];
  const size =
    message.fieldsMean === null || message.bytesMean === null
      ? ''
      : `, ${message.fieldsMean.toFixed(1)} fields, ${message.bytesMean.toFixed(0)} bytes`;
  const tls = message.tls ? ', TLS' : '';
  yield [
    'message',
    `${message.dialect}, QoS ${message.qos}${tls}${size}; store ${environment.store}`,
  ];
  if (onboarding !== null) yield* onboardingRows(onboarding);
}

function proof({ broker, client, kernel, store }: ConnectedProof): string {
  if (client === null) return 'nobody was asked';
  if (broker === null) return `${client} as the devices see it`;
  return (
    `${client} as the devices see it, ${figure(broker)} as the broker, ${figure(kernel)} as the ` +
    `kernel, ${figure(store)} with a row in the store`
  );
}

function* onboardingRows(onboarding: OnboardingReport): Generator<Row> {
  const { acknowledged, firstRowMs, provisioned, stagesMs, stored } = onboarding;
  const pace = ({ devices, perSecond, seconds }: NonNullable<typeof stored>) =>
    `${devices} in ${seconds.toFixed(1)} s, ${perSecond.toFixed(0)} devices/s`;
  yield ['on board', `${provisioned} devices got a credential by their claim`];
  yield ['first PUBACKs', pace(acknowledged)];
  yield ['first rows', stored === null ? 'not known' : pace(stored)];
  yield ['  claim', latency(stagesMs.claim)];
  yield ['  credential', latency(stagesMs.provision)];
  yield ['  reconnect', latency(stagesMs.reconnect)];
  yield ['  due→PUBACK', latency(stagesMs.puback)];
  yield ['  due→row', latency(stagesMs.row)];
  yield ['  claim→row', latency(firstRowMs)];
}

function* wallRows({ audit, isolation, shutOut }: RunReport): Generator<Row> {
  if (audit !== null) yield ['audit', `${audit.complete} of ${audit.sampled} trails are complete`];
  if (isolation !== null) {
    const { kinds, leaks, probes, rounds, silent, unexpected } = isolation;
    const unanswered = silent === 0 ? '' : ` (${silent} without an answer)`;
    yield [
      'isolation',
      `${probes} probes (${kinds} kinds, ${rounds} rounds), ${leaks} leaks, ` +
        `${unexpected} unexpected${unanswered}`,
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

function* flowRows(report: RunReport): Generator<Row> {
  const { durationS, fairness, ledger, message, telemetry } = report;
  const { ackMs, perSecond, publishDelayMs, storedMs } = telemetry;
  const done = message.qos === 0 ? 'sent' : 'acknowledged';
  yield ['rate', `${Math.round(perSecond)} ${done}/s over ${durationS.toFixed(1)} s`];
  yield ['due→published', latency(publishDelayMs)];
  yield ['due→PUBACK', latency(ackMs)];
  yield ['due→row', latency(storedMs)];
  if (fairness !== null) {
    const { enterprises, medianEnterpriseAckMsP99, starved, worstEnterprise } = fairness;
    const worst = fairness.worstEnterpriseAckMsP99;
    yield [
      'fairness',
      `of ${enterprises} enterprises the median has p99 ≤ ${ms(medianEnterpriseAckMsP99)}, the worst ` +
        `(${worstEnterprise}) ≤ ${ms(worst)}; ${starved} with no acknowledgement at all`,
    ];
  }
  const { acked, deadLettered, duplicated, late, lost, overwritten, sent, stored } = ledger;
  const { due, skipped, unsent } = telemetry;
  const never = [
    ...(unsent === 0 ? [] : [`${figure(unsent)} never sent`]),
    ...(skipped === 0 ? [] : [`${skipped} never made, as the device could keep no more`]),
  ];
  yield ['due', [`${figure(due)} readings`, ...never].join(', ')];
  const acknowledged = message.qos === 0 ? '' : `${figure(acked)} acknowledged, `;
  yield ['ledger', `${sent} sent, ${acknowledged}${figure(stored)} stored`];
  const promised =
    message.qos === 0
      ? 'QoS 0 promises nothing, so none can be lost'
      : `${figure(lost)} lost, ${figure(overwritten)} overwritten`;
  const reconciled =
    `${promised}, ${figure(duplicated)} duplicated, ${figure(deadLettered)} dead-lettered, ` +
    `${figure(late)} late`;
  yield ['', stored === null ? 'not reconciled' : reconciled];
}

const findingNames: Readonly<Record<string, string>> = {
  sessionsBackS: '99 % of the sessions back after',
  rowsBackS: 'rows flow as before after',
  recoveryS: 'all as before after',
  drainS: 'backlog gone after',
  drainPerSecond: 'readings a second meanwhile:',
  backlogMax: 'largest backlog:',
  memoryGrowth: 'growth of memory:',
  workersKilled: 'workers killed:',
  workersRestarted: 'workers started again:',
};

function* findingRows({ findings }: RunReport): Generator<Row> {
  const entries = Object.entries(findings) as [string, number | null][];
  if (entries.length === 0) return;
  const said = entries.map(([name, value]) => {
    const unit = name.endsWith('S') ? ' s' : '';
    const shown = name === 'memoryGrowth' && value !== null ? percent(value) : figure(value);
    return `${findingNames[name] ?? name} ${shown}${unit}`;
  });
  yield ['found', said.join(', ')];
}

function* resourceRows({ cpuUsPerMessage, resources }: RunReport): Generator<Row> {
  for (const [name, used] of Object.entries(resources)) {
    if (used === null) continue;
    const cost = cpuUsPerMessage[name];
    const cpu =
      cost === null || cost === undefined
        ? `${used.cpuS.toFixed(1)} s CPU`
        : `${cost} µs CPU per message`;
    yield [name, `${cpu}, ${Math.round(used.rssBytesMax / 1e6)} MB`];
  }
}

function* generatorRows({ failures, generator, verdict }: RunReport): Generator<Row> {
  const { connecting, eventLoopLagMs, overruns, reasons } = generator;
  yield ['generator', `event loop lag ${latency(eventLoopLagMs)}; ${overruns} slots missed`];
  if (connecting !== null) {
    const share = connecting.busiestCpuShare;
    const busiest = share === null ? '' : `; busiest process ${share.toFixed(2)} cores`;
    yield ['  connecting', `event loop lag ${latency(connecting.eventLoopLagMs)}${busiest}`];
  }
  if (verdict !== 'invalid') for (const reason of reasons) yield ['  fell behind', reason];
  if (failures.length === 0) return;
  const shown = failures.slice(0, 5).map(({ code, count, stage }) => `${stage} ${code} ×${count}`);
  yield ['failures', shown.join(', ')];
}

function latency(of: LatencySummary | null): string {
  if (of === null) return 'not measured';
  return `p50 ${ms(of.p50)}  p99 ${ms(of.p99)}  p99.9 ${ms(of.p999)}  max ${ms(of.max)}`;
}

function ms(value: number | null): string {
  if (value === null) return 'not measured';
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}

function percent(part: number): string {
  return `${(part * 100).toFixed(1)} %`;
}

/** What is not known is not 0. */
function figure(value: number | null): string {
  if (value === null) return '?';
  return Number.isInteger(value) ? String(value) : value.toFixed(3).replace(/\.?0+$/, '');
}
