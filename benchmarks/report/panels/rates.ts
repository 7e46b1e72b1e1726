/** Whether rows came as fast as readings were accepted, and what waited meanwhile. */

import type { RunReport } from '../../../model/report.ts';
import { panel } from '../frame/panel.ts';
import { legend, path, plot } from '../frame/plot.ts';
import { extremes, lastKnown, meanKnown, stepArea, stepLine } from '../frame/steps.ts';
import { timeAxis } from '../frame/time-axis.ts';
import { timeTable } from '../frame/time-table.ts';
import { valueAxis } from '../frame/value-axis.ts';
import { type Html, html } from '../html.ts';
import { count, countText, rate } from '../numbers.ts';
import { text } from '../text.ts';

export function ratesPanel({ telemetry, timeline }: RunReport): Html {
  const words = text('rates.words', { perSecond: rate(telemetry.perSecond) });
  const described = html`<p id="rates-words">${words}</p>`;
  const time = timeAxis(timeline);
  if (time === null || timeline === null) {
    return panel('rates', 'rates.title', html`${described}<p>${text('chart.none')}</p>`);
  }
  const { ackedPerSecond, storedPerSecond } = timeline;
  const acked = extremes(ackedPerSecond, time.columnS);
  const stored = extremes(storedPerSecond, time.columnS);
  const waiting = extremes(timeline.waiting, time.columnS);
  const perSecond = valueAxis(valuesOf([...acked, ...stored]), countText);
  const backlog = valueAxis(valuesOf(waiting), countText, 3);
  const frame = { x: time.ticks, behind: time.behind, describedBy: 'rates-words' };
  const rates = plot({
    ...frame,
    labelledBy: 'rates-title',
    y: perSecond.ticks,
    over: time.over,
    marks: [
      path('line second', stepLine(stored, time.x, perSecond.y)),
      path('line accent', stepLine(acked, time.x, perSecond.y)),
    ],
  });
  const waits = plot({
    ...frame,
    labelledBy: 'rates-waiting',
    y: backlog.ticks,
    height: 'low',
    marks: [
      path('fill second', stepArea(waiting, time.x, backlog.y)),
      path('line second', stepLine(waiting, time.x, backlog.y)),
    ],
  });
  const key = legend([
    { className: 'line accent', label: html`${text('rates.acked')} (${text('unit.rate')})` },
    { className: 'line second', label: html`${text('rates.stored')} (${text('unit.rate')})` },
  ]);
  const rows = timeTable(time, [
    { head: text('rates.acked'), cell: (from, to) => rate(meanKnown(ackedPerSecond, from, to)) },
    { head: text('rates.stored'), cell: (from, to) => rate(meanKnown(storedPerSecond, from, to)) },
    {
      head: text('rates.waiting'),
      cell: (from, to) => count(lastKnown(timeline.waiting, from, to)),
    },
  ]);
  const heading = html`<h3 id="rates-waiting">${text('rates.waiting')}</h3>`;
  return panel('rates', 'rates.title', [described, key, rates, heading, waits, rows]);
}

const valuesOf = (steps: readonly { readonly value: number | null }[]): (number | null)[] =>
  steps.map(({ value }) => value);
