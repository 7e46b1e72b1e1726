/** The verdict: in words and a shape, with its reasons and every threshold. */

import type { RunReport, ThresholdResult } from '../../../model/report.ts';
import { bounded, examples, mark, table } from '../frame/panel.ts';
import { type Html, html } from '../html.ts';
import { count, isKnown, quantityAt } from '../numbers.ts';
import { both, hasName, named, text } from '../text.ts';

const signs = { pass: '✓', fail: '✗', invalid: '!' } as const;
const thresholdsMax = 200;

export function verdictPanel(report: RunReport): Html {
  const { interrupted, invalidReasons, question, thresholds } = report;
  const verdict = Object.hasOwn(signs, report.verdict) ? report.verdict : 'invalid';
  const open = thresholds.filter(({ asked, ok }) => asked !== false && ok === null).length;
  const leftOut = thresholds.filter(({ asked }) => asked === false).length;
  return html`
<section class="panel wide verdict ${verdict}" id="verdict" aria-labelledby="verdict-title">
<div class="judgement"><span class="sign" aria-hidden="true">${signs[verdict]}</span>
<div><h2 id="verdict-title">${text(`verdict.${verdict}`)}</h2>
<p>${text(`verdict.${verdict}Means`)}</p></div></div>
${interrupted ? html`<p class="interrupted">${text('verdict.interrupted')}</p>` : null}
${examples(invalidReasons)}
${open > 0 ? html`<p>${text('verdict.unreconciled', { n: count(open) })}</p>` : null}
${leftOut > 0 ? html`<p>${text('verdict.leftOut', { n: count(leftOut) })}</p>` : null}
<p class="question">${both(question)}</p>
${thresholds.length === 0 ? html`<p>${text('verdict.noThresholds')}</p>` : thresholdTable(thresholds)}
</section>`;
}

function thresholdTable(thresholds: readonly ThresholdResult[]): Html {
  const heads = ['verdict.threshold', 'verdict.value', 'verdict.result'] as const;
  const rest = bounded(
    thresholds,
    thresholdsMax,
    () => html``,
    (more) => html`<p>${more}</p>`,
  );
  return html`${table(
    heads.map((head) => text(head)),
    thresholds.slice(0, thresholdsMax).map((threshold) => {
      const { expression, value } = threshold;
      return [
        html`${meaning(pathOf(expression))}<code>${expression}</code>`,
        isKnown(value) ? quantityAt(pathOf(expression), value) : '–',
        resultOf(threshold),
      ];
    }),
  )}${rest}`;
}

/** Where in the report the value of a threshold stands. */
export function pathOf(expression: string): string {
  return expression.split(/\s/, 1)[0]!;
}

/** Whether a threshold holds, as a mark. */
export function resultOf({ asked, expression, ok }: ThresholdResult): Html {
  if (asked === false) return mark('open', text('verdict.notAsked'));
  if (ok === true) return mark('good', text('verdict.holds'));
  if (ok === false) return mark('bad', text('verdict.failed'));
  const ledger = /^(ledger|connect\.proof)\./.test(expression);
  return mark('open', text(ledger ? 'unknown.ledger' : 'unknown'));
}

/** As wide as half a letter is high. */
const gap = '\u2002';

/** The path in words, if the page has some for it or for the latency it is a percentile of. */
function meaning(path: string): Html | null {
  if (hasName('path', path)) return html`${named('path', path)}${gap}`;
  const [, latency, percentile] = /^(.*)\.(p50|p90|p99|p999|max)$/.exec(path) ?? [];
  if (latency === undefined || !hasName('path', latency)) return null;
  const words = percentile === 'max' ? text('column.max') : html`${percentile!}`;
  return html`${named('path', latency)}, ${words}${gap}`;
}
