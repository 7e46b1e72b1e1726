/** What failed, at which stage, and how often. */

import type { RunReport } from '../../../model/report.ts';
import { bounded, panel, table } from '../frame/panel.ts';
import { type Html, html } from '../html.ts';
import { count } from '../numbers.ts';
import { named, text } from '../text.ts';

const linesMax = 50;

export function failuresPanel({ failures }: RunReport): Html {
  const rest = bounded(
    failures,
    linesMax,
    () => html``,
    (more) => html`<p>${more}</p>`,
  );
  const content =
    failures.length === 0
      ? html`<p>${text('failures.none')}</p>`
      : table(
          [text('failures.stage'), text('failures.code'), text('column.count')],
          failures
            .slice(0, linesMax)
            .map(({ code, count: times, stage }) => [
              named('stage', stage),
              html`<code>${code}</code>`,
              count(times),
            ]),
        );
  return panel('failures', 'failures.title', [content, rest], false);
}
