/** Whether the generator kept up: if not, times and rates say nothing about the platform. */

import type { LatencySummary } from '../../../model/histogram.ts';
import type { RunReport } from '../../../model/report.ts';
import { examples, facts, mark, panel, table } from '../frame/panel.ts';
import { type Html, type HtmlValue, html } from '../html.ts';
import { cores, count, latency } from '../numbers.ts';
import { text } from '../text.ts';

export function generatorPanel(report: RunReport): Html {
  const { generator, telemetry } = report;
  const { connecting, eventLoopLagMs, overruns } = generator;
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
      html`<p>${conclusion(report)}</p>`,
      examples(generator.reasons ?? []),
      table(
        [text('generator.measure'), 'p50', 'p99', text('column.max')],
        [
          row(text('generator.lag'), eventLoopLagMs),
          row(text('generator.delay'), telemetry.publishDelayMs),
          row(text('generator.connect-lag'), connecting?.eventLoopLagMs ?? null),
        ],
      ),
      facts([
        [text('generator.overruns'), count(overruns)],
        [text('generator.connect-cpu'), cores(connecting?.busiestCpuShare ?? null)],
      ]),
    ],
    false,
  );
}

/** Where nothing timed was judged, a generator that fell behind does not void the run. */
function conclusion({ generator: { valid }, verdict }: RunReport): Html {
  if (valid === true) return mark('good', text('generator.valid'));
  if (valid !== false) return mark('open', text('unknown'));
  return mark('bad', text(verdict === 'invalid' ? 'generator.invalid' : 'generator.untimed'));
}
