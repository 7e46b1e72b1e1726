/** Whether the generator kept up: if not, the run says nothing about the platform. */

import type { LatencySummary } from '../../../model/histogram.ts';
import type { RunReport } from '../../../model/report.ts';
import { facts, mark, panel, table } from '../frame/panel.ts';
import { type Html, type HtmlValue, html } from '../html.ts';
import { count, latency } from '../numbers.ts';
import { text } from '../text.ts';

export function generatorPanel({ generator, telemetry }: RunReport): Html {
  const { eventLoopLagMs, overruns, valid } = generator;
  const row = (label: Html, summary: LatencySummary | null): HtmlValue[] => [
    label,
    latency(summary?.p50),
    latency(summary?.p99),
    latency(summary?.max),
  ];
  return panel(
    'generator',
    'generator.title',
    [
      html`<p>${valid ? mark('good', text('generator.valid')) : mark('bad', text('generator.invalid'))}</p>`,
      table(
        [text('generator.measure'), 'p50', 'p99', text('column.max')],
        [
          row(text('generator.lag'), eventLoopLagMs),
          row(text('generator.delay'), telemetry.publishDelayMs),
        ],
      ),
      facts([[text('generator.overruns'), count(overruns)]]),
    ],
    false,
  );
}
