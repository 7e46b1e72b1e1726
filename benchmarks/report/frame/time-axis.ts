/** The time axis that charts of a run share: its phases are shaded, its events numbered. */

import { scaleLinear } from 'd3-scale';
import type { RunTimeline } from '../../../model/report.ts';
import { type Html, html } from '../html.ts';
import { seconds, secondsText } from '../numbers.ts';
import { named, text } from '../text.ts';
import { bounded } from './panel.ts';
import { percent, side, svgNumber, type Tick } from './plot.ts';

export interface TimeAxis {
  readonly columns: number;
  readonly columnS: number;
  readonly endS: number;
  /** Where a second of the run lies in the drawing. */
  readonly x: (atS: number) => number;
  readonly ticks: readonly Tick[];
  readonly behind: Html;
  readonly over: Html;
}

/** Shown at most; a run has a handful. */
const phasesMax = 40;
const eventsMax = 40;
/** A phase that takes less of the axis has no room for its name. */
const namedPart = 0.07;

/** Null when there is no time to draw. */
export function timeAxis(timeline: RunTimeline | null): TimeAxis | null {
  if (timeline === null) return null;
  const { ackedPerSecond, columnS, connect, sessions, storedPerSecond } = timeline;
  const lengths = [
    sessions,
    ackedPerSecond,
    storedPerSecond,
    connect,
    timeline.ack,
    timeline.stored,
  ];
  const columns = Math.max(...lengths.map(({ length }) => length));
  const endS = columns * columnS;
  if (!(endS > 0) || !Number.isFinite(endS)) return null;
  const scale = scaleLinear([0, endS], [0, side]);
  const x = (atS: number): number => svgNumber(scale(Math.min(Math.max(atS, 0), endS)));
  const part = (atS: number): number => x(atS) / side;
  return {
    columns,
    columnS,
    endS,
    x,
    ticks: timeTicks(endS),
    behind: html`${timeline.phases
      .slice(0, phasesMax)
      .map(
        ({ fromS, toS }, index) =>
          html`<rect class="phase p${index % 2}" x="${x(fromS)}" y="0" width="${svgNumber(Math.max(0, x(toS) - x(fromS)))}" height="${side}"/>`,
      )}`,
    over: html`${timeline.phases.slice(0, phasesMax).map(({ fromS, name, toS }) => {
      const width = part(toS) - part(fromS);
      if (!(width >= namedPart)) return null;
      const slim = width < 3 * namedPart ? ' slim' : '';
      return html`<span class="phase-name${slim}" style="left:${percent(part(fromS))};width:${percent(width)}">${named('phase', name)}</span>`;
    })}${timeline.events
      .slice(0, eventsMax)
      .map(
        ({ atS, text: words }, index) =>
          html`<span class="event" style="left:${percent(part(atS))}" title="${secondsText(atS)}: ${words}"><b>${index + 1}</b></span>`,
      )}`,
  };
}

/** The events by their numbers in the charts; null when nothing happened. */
export function eventList({ events }: RunTimeline): Html | null {
  if (events.length === 0) return null;
  const items = bounded(
    events,
    eventsMax,
    ({ atS, text: words }) => html`<li>${seconds(atS)} · ${words}</li>`,
  );
  return html`<h3>${text('chart.events')}</h3><ol class="events">${items}</ol>`;
}

/** At round numbers of seconds, minutes or hours, whichever the run is long in. */
function timeTicks(endS: number): Tick[] {
  const [unitS, unit] = endS <= 600 ? [1, 's'] : endS <= 3 * 3600 ? [60, 'min'] : [3600, 'h'];
  const values = scaleLinear([0, endS / unitS], [0, 1]).ticks(6);
  return values.map((value) => ({ at: (value * unitS) / endS, label: `${value} ${unit}` }));
}
