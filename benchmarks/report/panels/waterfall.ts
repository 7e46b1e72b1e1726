/** What a device waits for, stage by stage, on one time axis. */

import { max, min } from 'd3-array';
import { scaleLog } from 'd3-scale';
import type { LatencySummary } from '../../../model/histogram.ts';
import type { RunReport } from '../../../model/report.ts';
import { type BarRow, bars } from '../frame/bars.ts';
import { panel } from '../frame/panel.ts';
import type { Tick } from '../frame/plot.ts';
import { type Html, html } from '../html.ts';
import { count, latency, latencyText } from '../numbers.ts';
import { named, text } from '../text.ts';

type Stage = readonly [name: string, summary: LatencySummary | null];

export function waterfallPanel(report: RunReport): Html {
  const stages = stagesOf(report);
  const known = stages.flatMap(([, summary]) => summary ?? []);
  const axis = logAxis(known);
  const rows = stages.map(([name, summary]): BarRow => {
    const { max: most, p50, p99 } = summary ?? {};
    return {
      label: named('stage', name),
      segments: summary === null ? [] : segmentsOf(summary, axis.part),
      cells: [latency(p50), latency(p99), latency(most), count(summary?.count)],
    };
  });
  const heads = [
    text('waterfall.stage'),
    'p50',
    'p99',
    text('column.max'),
    text('column.count'),
  ] as const;
  return panel('waterfall', 'waterfall.title', [
    onboardingText(report),
    bars({ heads, ticks: axis.ticks, rows }),
    html`<p class="note">${text('waterfall.note')}</p>`,
  ]);
}

/** Those of coming on board where devices came by claim; else of connecting and of telemetry. */
function stagesOf({ connect, message, onboarding, telemetry }: RunReport): Stage[] {
  if (onboarding !== null) {
    return Object.entries(onboarding.stagesMs).filter(([name]) => message.tls || name !== 'tls');
  }
  const { connack, tcp, tls } = connect.stagesMs;
  return [
    ['tcp', tcp],
    ...(message.tls ? ([['tls', tls]] as const) : []),
    ['connack', connack],
    ['puback', telemetry.ackMs],
    ['row', telemetry.storedMs],
  ];
}

interface LogAxis {
  /** Where a latency lies, as a part of the axis; what lies outside of it is at its end. */
  readonly part: (ms: number) => number;
  readonly ticks: readonly Tick[];
}

function logAxis(summaries: readonly LatencySummary[]): LogAxis {
  const positive = (value: number | undefined): boolean =>
    Number.isFinite(value) && (value ?? 0) > 0;
  const low = min(summaries.map(({ p50 }) => p50).filter(positive)) ?? 1;
  const high = max(summaries.map((each) => each.max).filter(positive)) ?? 1000;
  const scale = scaleLog([low / 2, Math.max(high, low * 10)], [0, 1])
    .nice()
    .clamp(true);
  const [from, to] = scale.domain() as [number, number];
  const decades = Math.round(Math.log10(to / from));
  const every = Math.ceil(decades / 6);
  const ticks = Array.from({ length: Math.floor(decades / every) + 1 }, (_, at) => {
    const ms = from * 10 ** (at * every);
    return { at: scale(ms), label: latencyText(ms) };
  });
  return { part: (ms) => (Number.isNaN(ms) || ms <= 0 ? 0 : scale(ms)), ticks };
}

/** A line has the width of a hair, whatever the scale. */
const hair = 0.003;

function segmentsOf({ max: most, p50, p99 }: LatencySummary, part: LogAxis['part']) {
  const end = part(most);
  return [
    { className: 'bar pale', from: 0, to: part(p99) },
    { className: 'bar accent', from: 0, to: part(p50) },
    { className: 'bar limit', from: Math.max(0, end - hair), to: end },
  ];
}

function onboardingText({ onboarding }: RunReport): Html | null {
  if (onboarding === null) return null;
  const { acknowledged, firstRowMs, provisioned, stored } = onboarding;
  const first = text('waterfall.onboarding', {
    provisioned: count(provisioned),
    p50: latency(firstRowMs?.p50),
    p99: latency(firstRowMs?.p99),
  });
  const pace = text('waterfall.pace', {
    acked: count(acknowledged.devices),
    ackedRate: count(acknowledged.perSecond),
    stored: count(stored?.devices),
    storedRate: count(stored?.perSecond),
  });
  return html`<p>${first}</p><p>${pace}</p>`;
}
