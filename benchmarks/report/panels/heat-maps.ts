/** Latency over time as heat maps: connecting, due to PUBACK, due to row. */

import { sum } from 'd3-array';
import type { LatencySummary } from '../../../model/histogram.ts';
import { latencyBucketPercentile } from '../../../model/latency-buckets.ts';
import type { RunReport } from '../../../model/report.ts';
import { panel } from '../frame/panel.ts';
import { legend, path, plot, side, svgNumber } from '../frame/plot.ts';
import { stepLine } from '../frame/steps.ts';
import { type TimeAxis, timeAxis } from '../frame/time-axis.ts';
import { timeTable } from '../frame/time-table.ts';
import { type Html, html } from '../html.ts';
import { count, countText, latency, latencyText, secondsText } from '../numbers.ts';
import { text } from '../text.ts';
import {
  addedCounts,
  cellPaths,
  type HeatColumn,
  heatColumns,
  heatThresholds,
  latencyAxis,
  percentileSteps,
} from './heat-cells.ts';

interface HeatMap {
  readonly name: 'connect' | 'ack' | 'stored';
  readonly columns: readonly (readonly number[])[];
  readonly summary: LatencySummary | null;
}

export function heatMapsPanel({ connect, telemetry, timeline }: RunReport): Html {
  const time = timeAxis(timeline);
  const maps: HeatMap[] = [
    { name: 'connect', columns: timeline?.connect ?? [], summary: connect.latencyMs },
    { name: 'ack', columns: timeline?.ack ?? [], summary: telemetry.ackMs },
    { name: 'stored', columns: timeline?.stored ?? [], summary: telemetry.storedMs },
  ];
  return panel('heat', 'heat.title', [
    html`<p class="note">${text('heat.note')}</p>`,
    maps.map((map) => html`<div class="stretch">${heatMap(map, time)}</div>`),
  ]);
}

function heatMap({ columns, name, summary }: HeatMap, time: TimeAxis | null): Html {
  const id = `heat-${name}`;
  const head = html`<h3 id="${id}">${text(`heat.${name}`)}</h3>
<p id="${id}-words">${summary && wordsOf(summary)}</p>`;
  const merged = time === null ? [] : heatColumns(columns, time.columnS);
  const axis = latencyAxis(merged);
  if (time === null || axis === null) return html`${head}<p>${text('chart.none')}</p>`;
  const thresholds = heatThresholds(merged);
  const line = (percentile: number): string | null =>
    stepLine(percentileSteps(merged, percentile), time.x, axis.y);
  const chart = plot({
    labelledBy: id,
    describedBy: `${id}-words`,
    x: time.ticks,
    y: axis.ticks,
    behind: time.behind,
    over: time.over,
    marks: [
      cellPaths(merged, thresholds, time.x, axis.y).map((d, at) => path(`heat h${at}`, d)),
      path('line halo', line(99)),
      path('line second', line(99)),
      path('line halo', line(50)),
      path('line median', line(50)),
      merged.map((column) => hint(column, time)),
    ],
  });
  return html`${head}${heatKey(thresholds)}${chart}${heatTable(columns, time)}`;
}

function heatTable(columns: HeatMap['columns'], time: TimeAxis): Html {
  const percentile = (wanted: number) => (from: number, to: number) =>
    latency(latencyBucketPercentile(addedCounts(columns, from, to), wanted));
  return timeTable(time, [
    {
      head: text('column.count'),
      cell: (from, to) => count(sum(addedCounts(columns, from, to))),
    },
    { head: 'p50 ≤', cell: percentile(50) },
    { head: 'p99 ≤', cell: percentile(99) },
  ]);
}

function wordsOf({ count: all, max, p50, p99 }: LatencySummary): Html {
  return text('heat.words', {
    n: count(all),
    p50: latency(p50),
    p99: latency(p99),
    max: latency(max),
  });
}

/** Over the whole height of a column, invisible: what it says when it is pointed at. */
function hint({ counts, fromS, toS }: HeatColumn, { x }: TimeAxis): Html | null {
  const all = sum(counts);
  if (all === 0) return null;
  const at = (percentile: number): string =>
    latencyText(latencyBucketPercentile(counts, percentile)!);
  const words = `${secondsText(fromS)} – ${secondsText(toS)}: ${countText(all)} · p50 ≤ ${at(50)} · p99 ≤ ${at(99)}`;
  return html`<rect class="hint" x="${x(fromS)}" y="0" width="${svgNumber(x(toS) - x(fromS))}" height="${side}"><title>${words}</title></rect>`;
}

/** Which colours stand for how many; a colour that no whole number has is left out. */
function heatKey(thresholds: readonly number[]): Html {
  const colours = thresholds.flatMap((from, at) => {
    const next = thresholds[at + 1] ?? Number.POSITIVE_INFINITY;
    return next > from ? [html`<li><i class="swatch h${at}"></i>${countText(from)}</li>`] : [];
  });
  return html`<div class="keys">${legend([
    { className: 'line second', label: text('heat.p99') },
    { className: 'line median', label: text('heat.p50') },
  ])}<ul class="legend heat-key"><li>${text('heat.count')} ≥</li>${colours}</ul></div>`;
}
