/** A table with a bar in each line, all on one axis: its own alternative for those who see none. */

import { type Html, type HtmlValue, html } from '../html.ts';
import { percent, side, svgNumber, type Tick } from './plot.ts';

/** Part of a bar; `from` and `to` are parts of the axis. */
export interface Segment {
  readonly className: string;
  readonly from: number;
  readonly to: number;
}

export interface BarRow {
  readonly className?: string;
  readonly label: HtmlValue;
  readonly segments: readonly Segment[];
  readonly cells: readonly HtmlValue[];
}

export interface Bars {
  readonly heads: readonly [label: HtmlValue, ...cells: HtmlValue[]];
  readonly ticks: readonly Tick[];
  readonly rows: readonly BarRow[];
}

export function bars({ heads, rows, ticks }: Bars): Html {
  const [label, ...cells] = heads;
  return html`<table class="bars${cells.length > 1 ? ' many' : ''}" style="--cells:${cells.length}">
<thead><tr><th scope="col">${label}</th><td class="bar"><div class="x" aria-hidden="true">${ticks.map(
    (tick) => html`<span style="left:${percent(tick.at)}">${tick.label}</span>`,
  )}</div></td>${cells.map((cell) => html`<th scope="col">${cell}</th>`)}</tr></thead>
<tbody>${rows.map((row) => barRow(row, ticks))}</tbody></table>`;
}

function barRow({ cells, className = '', label, segments }: BarRow, ticks: readonly Tick[]): Html {
  const grid = ticks.map(({ at }) => {
    const x = svgNumber(at * side);
    return html`<line class="grid" x1="${x}" x2="${x}" y1="0" y2="${side}"/>`;
  });
  const drawn = segments.map(({ className: colour, from, to }) => {
    const [x, width] = [svgNumber(from * side), svgNumber(Math.max(0, to - from) * side)];
    return html`<rect class="${colour}" x="${x}" y="200" width="${width}" height="600"/>`;
  });
  return html`<tr class="${className}"><th scope="row">${label}</th>
<td class="bar"><svg aria-hidden="true" viewBox="0 0 ${side} ${side}" preserveAspectRatio="none">${grid}${drawn}</svg></td>
${cells.map((cell) => html`<td>${cell}</td>`)}</tr>\n`;
}
