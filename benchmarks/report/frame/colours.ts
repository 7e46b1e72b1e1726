/** The colours of the heat maps: even steps of lightness between colours of the dashboards. */

import { interpolateLab, piecewise, quantize } from 'd3-interpolate';

/** Counts are shown in so many steps. */
export const heatSteps = 8;

/** From few to many, on a dark and on a light page; evenly spaced in CIELAB. */
export const heatColours = {
  dark: quantize(piecewise(interpolateLab, ['#16365a', '#2b86c9', '#d9f1ff']), heatSteps),
  light: quantize(piecewise(interpolateLab, ['#cfe4f5', '#3a8cc8', '#06294a']), heatSteps),
} as const;

/** As many groups of processes have a colour of their own in the page's style. */
export const groupColours = 6;

/** The style of what is coloured by a number: cells and keys of heat maps, groups of processes. */
export function colourStyle(): string {
  const properties = (theme: keyof typeof heatColours): string =>
    heatColours[theme].map((colour, step) => `--heat-${step}:${colour}`).join(';');
  const heat = Array.from(
    { length: heatSteps },
    (_, step) => `.h${step}{fill:var(--heat-${step});color:var(--heat-${step})}`,
  );
  const groups = Array.from(
    { length: groupColours },
    (_, group) => `.g${group}{fill:var(--group-${group});stroke:var(--group-${group})}`,
  );
  return [
    `:root{${properties('dark')}}`,
    `@media print, (prefers-color-scheme: light){:root{${properties('light')}}}`,
    ...heat,
    ...groups,
  ].join('\n');
}
