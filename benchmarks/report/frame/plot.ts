/**
 * The frame of every chart: the marks are a static drawing that stretches with the page; scales and
 * names are text around it, so that they are as large on a phone as on a wall.
 */

import { Html, type HtmlValue, html } from '../html.ts';

/** The drawing is so wide and so high, whatever its size on the page. */
export const side = 1000;

/** A line of the grid: where, as a part of the axis from its low end, and what stands there. */
export interface Tick {
  readonly at: number;
  readonly label: string;
}

export interface Plot {
  /** Elements that name and describe the chart. */
  readonly labelledBy: string;
  readonly describedBy?: string;
  readonly x: readonly Tick[];
  readonly y: readonly Tick[];
  /** SVG in a square of `side`, y downwards. */
  readonly marks: HtmlValue;
  /** Behind the marks, and names over them. */
  readonly behind?: HtmlValue;
  readonly over?: HtmlValue;
  readonly height?: 'low' | 'high';
}

export function plot(chart: Plot): Html {
  const { behind = null, describedBy, height = 'high', labelledBy, marks, over = null } = chart;
  const grid = chart.y.map(({ at }) => {
    const y = svgNumber(side * (1 - at));
    return html`<line class="grid" x1="0" x2="${side}" y1="${y}" y2="${y}"/>`;
  });
  return html`<div class="plot ${height}">
<div class="y" aria-hidden="true">${chart.y.map(
    ({ at, label }) => html`<span style="bottom:${percent(at)}">${label}</span>`,
  )}</div>
<div class="area"><svg role="img" aria-labelledby="${labelledBy}" ${describedBy === undefined ? null : html`aria-describedby="${describedBy}"`} viewBox="0 0 ${side} ${side}" preserveAspectRatio="none">
${behind}${grid}${marks}</svg>${over}</div>
<div class="x" aria-hidden="true">${chart.x.map(
    ({ at, label }) => html`<span style="left:${percent(at)}">${label}</span>`,
  )}</div>
</div>`;
}

/** A part of a whole for a style. */
export function percent(part: number): string {
  return `${svgNumber(part * 100)}%`;
}

/** A coordinate with as many digits as can be seen. */
export function svgNumber(value: number): number {
  return Math.round(value * 100) / 100;
}

/** What a colour, and a way to draw it, stand for. */
export interface LegendEntry {
  readonly className: string;
  readonly label: HtmlValue;
}

export function legend(entries: readonly LegendEntry[]): Html {
  return html`<ul class="legend">${entries.map(
    ({ className, label }) =>
      html`<li><svg class="key" aria-hidden="true" viewBox="0 0 20 10"><line class="${className}" x1="0" x2="20" y1="5" y2="5"/></svg> ${label}</li>`,
  )}</ul>`;
}

/** A path of this class; none when there is nothing to draw. */
export function path(className: string, d: string | null, title: HtmlValue = null): Html | null {
  if (d === null || d === '') return null;
  const named = title === null ? null : html`<title>${title}</title>`;
  return html`<path class="${className}" d="${new Html(d)}">${named}</path>`;
}
