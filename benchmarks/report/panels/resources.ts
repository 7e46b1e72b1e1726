/** What the run cost: cores and memory by group of processes, and CPU for each message. */

import { sum } from 'd3-array';
import type { RunReport } from '../../../model/report.ts';
import type { TextKey } from '../dictionary.ts';
import { type BarRow, bars } from '../frame/bars.ts';
import { groupColours } from '../frame/colours.ts';
import { panel, table } from '../frame/panel.ts';
import { legend, path, plot, side } from '../frame/plot.ts';
import { meanKnown, means, type Step, stepArea } from '../frame/steps.ts';
import { type TimeAxis, timeAxis } from '../frame/time-axis.ts';
import { timeTable } from '../frame/time-table.ts';
import { binaryAxis, valueAxis } from '../frame/value-axis.ts';
import { type Html, type HtmlValue, html } from '../html.ts';
import { bytes, bytesText, cores, countText, cpuTime, isKnown, microseconds } from '../numbers.ts';
import { named, text } from '../text.ts';

const groupsMax = 12;

type Column = readonly (number | null)[];

export function resourcesPanel(report: RunReport): Html {
  const { cpuUsPerMessage, onboarding, resources, timeline } = report;
  const cost =
    onboarding === null
      ? perMessage(cpuUsPerMessage)
      : html`<p>${text('resources.ofOnboarding')}</p>`;
  const time = timeAxis(timeline);
  const groups = Object.entries(timeline?.resources ?? {}).slice(0, groupsMax);
  const drawn =
    time === null || groups.length === 0
      ? null
      : [
          legend(
            groups.map(([name], at) => ({
              className: `line thick ${colour(at)}`,
              label: named('group', name),
            })),
          ),
          stack(
            'cores',
            time,
            groups.map(([name, { cores: used }]) => [name, used]),
          ),
          stack(
            'memory',
            time,
            groups.map(([name, { rssBytes }]) => [name, rssBytes]),
          ),
        ];
  return panel('resources', 'resources.title', [
    drawn,
    html`<div class="halves">${groupTable(resources)}${cost}</div>`,
  ]);
}

const colour = (at: number): string => `g${at % groupColours}`;

/** The groups upon each other, in their order. */
function stack(
  name: 'cores' | 'memory',
  time: TimeAxis,
  groups: readonly (readonly [name: string, values: Column])[],
): Html {
  const layers = groups.map(([, values]) => means(values, time.columnS, time.columns));
  const below = (layer: number, at: number): number =>
    sum(layers.slice(0, layer), (steps) => steps[at]!.value ?? 0);
  const totals = layers[0]!.map((_, at) => below(layers.length, at));
  const axis = name === 'cores' ? valueAxis(totals, countText) : binaryAxis(totals, bytesText);
  const areas = layers.map((steps: readonly Step[], layer) =>
    path(
      `stack ${colour(layer)}`,
      stepArea(steps, time.x, axis.y, (at) => below(layer, at)),
    ),
  );
  const show = name === 'cores' ? cores : bytes;
  const id = `resources-${name}`;
  return html`<h3 id="${id}">${text(`resources.${name}`)}</h3>
${plot({ labelledBy: id, x: time.ticks, y: axis.ticks, behind: time.behind, over: time.over, marks: areas, height: 'low' })}
${timeTable(
  time,
  groups.map(([group, values]) => ({
    head: named('group', group),
    cell: (from, to) => show(meanKnown(values, from, to)),
  })),
)}`;
}

function groupTable(resources: RunReport['resources']): Html | null {
  const groups = Object.entries(resources).slice(0, groupsMax);
  if (groups.length === 0) return null;
  const heads: TextKey[] = ['resources.group', 'resources.cpu', 'resources.peak'];
  return table(
    heads.map((head) => text(head)),
    groups.map(([name, used]): HtmlValue[] => [
      named('group', name),
      cpuTime(used?.cpuS),
      bytes(used?.rssBytesMax),
    ]),
  );
}

function perMessage(cpuUs: RunReport['cpuUsPerMessage']): Html | null {
  const stages = Object.entries(cpuUs).slice(0, groupsMax);
  if (stages.length === 0) return null;
  const axis = valueAxis(
    stages.map(([, value]) => value),
    (value) => `${countText(value)} µs`,
  );
  const rows = stages.map(([name, value]): BarRow => {
    const to = isKnown(value) && Number.isFinite(value) ? 1 - axis.y(value) / side : 0;
    return {
      label: named('group', name),
      segments: [{ className: 'bar accent', from: 0, to }],
      cells: [microseconds(value)],
    };
  });
  const head = html`<h3>${text('resources.perMessage')}</h3>`;
  return html`<div>${head}${bars({ heads: [text('resources.group'), 'CPU'], ticks: axis.ticks, rows })}</div>`;
}
