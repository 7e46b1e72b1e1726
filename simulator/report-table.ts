/** A simulation's report for people. */

import type { LatencySummary } from '../model/histogram.ts';
import type { FairnessReport, OnboardingPace, OnboardingReport } from '../model/report.ts';
import type { SimulationReport } from './report.ts';

/** The report as lines of a label and what there is to say, one topic a line. */
export function reportTable(report: SimulationReport): string {
  const { fleet, message, connect, telemetry, events, generator } = report;
  const rows: [string, string][] = [
    ['Target', `${report.target}, dialect ${message.dialect}, QoS ${message.qos}`],
    ['Fleet', `${fleet.devices} devices of ${fleet.enterprises} enterprises, seed ${report.seed}`],
    ['Connected', `${connect.connected} of ${connect.attempted} in ${seconds(connect.seconds)}`],
    ['  CONNECT → CONNACK', latency(connect.stagesMs.connack)],
    ...(report.onboarding === null ? [] : onboardingRows(report.onboarding)),
    ['Readings', readings(telemetry)],
    ['  rate', `${telemetry.perSecond.toFixed(0)}/s over ${seconds(report.durationS)}`],
    ['  size', size(message)],
    ['  due → made', latency(telemetry.publishDelayMs)],
  ];
  if (message.qos === 1) rows.push(['  due → PUBACK', latency(telemetry.ackMs)]);
  if (report.fairness !== null) rows.push(['  by enterprise', fairnessText(report.fairness)]);
  if (connect.reconnects > 0) {
    rows.push(['Reconnects', `${connect.reconnects}, ${telemetry.resent} readings sent again`]);
  }
  rows.push(['Alarms', `${events.sent} sent`]);
  for (const { stage, code, count } of report.failures) {
    rows.push(['Failure', `${stage} ${code}: ${count}`]);
  }
  if (report.recovery !== null) rows.push(['  cut → session', latency(report.recovery.sessionMs)]);
  rows.push(['Generator', generatorText(generator)]);
  rows.push(['  event loop lag', latency(generator.eventLoopLagMs)]);
  for (const reason of report.invalidReasons) rows.push(['INVALID', reason]);
  const width = Math.max(...rows.map(([label]) => label.length));
  return rows.map(([label, text]) => `${label.padEnd(width)}  ${text}\n`).join('');
}

function generatorText({ cpuS, processes, rssBytesMax }: SimulationReport['generator']): string {
  const shares = processes.flatMap(({ cpuShare }) => (cpuShare === null ? [] : [cpuShare]));
  const parts = [`${seconds(cpuS)} CPU`, mebibytes(rssBytesMax)];
  if (processes.length > 1) parts.push(`${processes.length} processes`);
  if (shares.length > 0)
    parts.push(`at most ${(Math.max(...shares) * 100).toFixed(0)} % of a core`);
  return parts.join(', ');
}

function fairnessText(fairness: FairnessReport): string {
  const { enterprises, medianEnterpriseAckMsP99, worstEnterprise } = fairness;
  const shown = (value: number | null): string => `${value?.toFixed(1)} ms`;
  return (
    `p99 of the median of ${enterprises} enterprises ${shown(medianEnterpriseAckMsP99)}, ` +
    `of the worst, ${worstEnterprise}, ${shown(fairness.worstEnterpriseAckMsP99)}; ` +
    `${fairness.starved} with no acknowledgement at all`
  );
}

function onboardingRows(onboarding: OnboardingReport): [string, string][] {
  const { provisioned, acknowledged, stored, stagesMs, firstRowMs } = onboarding;
  const rows: [string, string][] = [
    ['On board', `${provisioned} devices got a credential by their claim`],
    ['  first readings', pace(acknowledged)],
    ['  claim session', latency(stagesMs.claim)],
    ['  request → credential', latency(stagesMs.provision)],
    ['  reconnect → CONNACK', latency(stagesMs.reconnect)],
    ['  first due → PUBACK', latency(stagesMs.puback)],
  ];
  if (stored === null) return [...rows, ['  first rows', 'not known: no --api']];
  rows.push(['  first rows', pace(stored)], ['  first due → row', latency(stagesMs.row)]);
  return [...rows, ['  first claim → row', latency(firstRowMs)]];
}

function pace({ devices, seconds: duration, perSecond }: OnboardingPace): string {
  return `${devices} in ${seconds(duration)}, ${perSecond.toFixed(0)} devices/s`;
}

function readings(telemetry: SimulationReport['telemetry']): string {
  const parts = [`${telemetry.due} due`, `${telemetry.sent} sent`];
  if (telemetry.acked !== null) parts.push(`${telemetry.acked} acknowledged`);
  if (telemetry.unsent > 0) parts.push(`${telemetry.unsent} unsent`);
  if (telemetry.skipped > 0) parts.push(`${telemetry.skipped} skipped`);
  return parts.join(', ');
}

function size({ fieldsMean, bytesMean }: SimulationReport['message']): string {
  if (fieldsMean === null || bytesMean === null) return 'none made';
  return `${fieldsMean.toFixed(1)} fields, ${bytesMean.toFixed(0)} bytes of payload on average`;
}

function latency(summary: LatencySummary | null): string {
  if (summary === null) return 'none measured';
  const { p50, p90, p99, p999, max } = summary;
  const shown = Object.entries({ p50, p90, p99, 'p99.9': p999, max });
  return shown.map(([name, value]) => `${name} ${value.toFixed(1)} ms`).join(', ');
}

function seconds(value: number): string {
  return `${value.toFixed(1)} s`;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
}
