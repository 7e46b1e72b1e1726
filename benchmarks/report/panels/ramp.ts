/** How the sessions came, and whether they stayed. */

import type { RunReport } from '../../../model/report.ts';
import { panel } from '../frame/panel.ts';
import { legend, path, plot, side } from '../frame/plot.ts';
import { extremes, lastKnown, stepArea, stepLine } from '../frame/steps.ts';
import { eventList, timeAxis } from '../frame/time-axis.ts';
import { timeTable } from '../frame/time-table.ts';
import { valueAxis } from '../frame/value-axis.ts';
import { type Html, html } from '../html.ts';
import { count, countText, seconds } from '../numbers.ts';
import { text } from '../text.ts';

export function rampPanel({ connect, fleet, timeline }: RunReport): Html {
  const words = text('ramp.words', {
    connected: count(connect.connected),
    attempted: count(connect.attempted),
    seconds: seconds(connect.seconds),
    failed: count(connect.failed),
    reconnects: count(connect.reconnects),
  });
  const described = html`<p id="ramp-words">${words}</p>`;
  const time = timeAxis(timeline);
  if (time === null || timeline === null) {
    return panel('ramp', 'ramp.title', html`${described}<p>${text('chart.none')}</p>`);
  }
  const { sessions } = timeline;
  const steps = extremes(sessions, time.columnS);
  const value = valueAxis([...steps.map((step) => step.value), fleet.sessions], countText);
  const goal = value.y(fleet.sessions);
  const chart = plot({
    labelledBy: 'ramp-title',
    describedBy: 'ramp-words',
    x: time.ticks,
    y: value.ticks,
    behind: time.behind,
    over: time.over,
    marks: [
      path('fill accent', stepArea(steps, time.x, value.y)),
      path('line accent', stepLine(steps, time.x, value.y)),
      path('line goal', `M0,${goal}H${side}`),
    ],
  });
  const key = legend([
    { className: 'line accent', label: text('ramp.sessions') },
    { className: 'line goal', label: text('ramp.goal') },
  ]);
  const rows = timeTable(time, [
    { head: text('ramp.sessions'), cell: (from, to) => count(lastKnown(sessions, from, to)) },
  ]);
  return panel('ramp', 'ramp.title', [described, key, chart, eventList(timeline), rows]);
}
