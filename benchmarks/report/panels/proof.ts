/** Who is connected, counted four ways: a run in which they differ is not what it claims. */

import type { RunReport } from '../../../model/report.ts';
import { mark, panel } from '../frame/panel.ts';
import { type Html, html } from '../html.ts';
import { count, isKnown } from '../numbers.ts';
import { text } from '../text.ts';

const ways = ['client', 'broker', 'kernel', 'store'] as const;

export function proofPanel({ connect: { proof } }: RunReport): Html {
  const items = ways.map(
    (way) =>
      html`<li><p class="figure">${count(proof[way])}</p><p>${text(`proof.${way}`)}</p></li>\n`,
  );
  return panel(
    'proof',
    'proof.title',
    html`<ul class="proof">${items}</ul><p>${conclusion(ways.map((way) => proof[way]))}</p>`,
    false,
  );
}

function conclusion(counts: readonly (number | null)[]): Html {
  const known = counts.filter(isKnown);
  if (known.length === 0) return mark('open', text('proof.nothing'));
  if (new Set(known).size > 1) return mark('bad', text('proof.differ'));
  if (known.length < counts.length) return mark('open', text('proof.partly'));
  return mark('good', text('proof.agree'));
}
