/** Whether one enterprise waited longer than the others. */

import { scaleLinear } from 'd3-scale';
import type { RunReport } from '../../../model/report.ts';
import { bars } from '../frame/bars.ts';
import { panel } from '../frame/panel.ts';
import { type Html, html } from '../html.ts';
import { count, isKnown, latency, latencyText } from '../numbers.ts';
import { text } from '../text.ts';

/** Null when it was not measured. */
export function fairnessPanel({ fairness }: RunReport): Html | null {
  if (fairness === null) return null;
  const { enterprises, starved, worstEnterprise } = fairness;
  const worst = fairness.worstEnterpriseAckMsP99;
  const median = fairness.medianEnterpriseAckMsP99;
  const most = Math.max(1, ...[worst, median].filter(isKnown).filter(Number.isFinite));
  const scale = scaleLinear([0, most], [0, 1]).nice(4).clamp(true);
  const row = (label: Html, value: number | null, colour: string) => ({
    label,
    segments: [{ className: `bar ${colour}`, from: 0, to: isKnown(value) ? scale(value) : 0 }],
    cells: [latency(value)],
  });
  const chart = bars({
    heads: ['', 'p99 ≤'],
    ticks: scale.ticks(4).map((ms) => ({ at: scale(ms), label: latencyText(ms) })),
    rows: [
      row(html`${text('fairness.worst')} <code>${worstEnterprise}</code>`, worst, 'second'),
      row(text('fairness.median'), median, 'accent'),
    ],
  });
  const words = text('fairness.words', { n: count(enterprises), starved: count(starved) });
  return panel('fairness', 'fairness.title', html`<p>${words}</p>${chart}`, false);
}
