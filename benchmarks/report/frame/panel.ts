/** A part of the page that answers one question, and the lists and tables in it. */

import type { TextKey } from '../dictionary.ts';
import { type Html, type HtmlValue, html } from '../html.ts';
import { count } from '../numbers.ts';
import { text } from '../text.ts';

/** `id` is unique on the page. */
export function panel(id: string, title: TextKey, content: HtmlValue, wide = true): Html {
  return html`
<section class="panel${wide ? ' wide' : ''}" id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${text(title)}</h2>
${content}
</section>`;
}

/** The first `most` of `items`, and how many there are besides. */
export function bounded<T>(
  items: readonly T[],
  most: number,
  show: (item: T, index: number) => Html,
  more: (rest: Html) => Html = (rest) => html`<li class="more">${rest}</li>`,
): Html[] {
  const shown = items.slice(0, most).map(show);
  if (items.length <= most) return shown;
  return [...shown, more(text('page.more', { n: count(items.length - most) }))];
}

/** A table; a row's first cell is its heading. */
export function table(heads: readonly HtmlValue[], rows: readonly (readonly HtmlValue[])[]): Html {
  return html`<div class="scroll" tabindex="0"><table>
<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([first, ...cells]) =>
      html`<tr><th scope="row">${first ?? null}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>\n`,
  )}</tbody></table></div>`;
}

/** A table for those who do not see the chart above it, or want its numbers. */
export function tableAlternative(content: Html): Html {
  return html`<details><summary>${text('page.table')}</summary>${content}</details>`;
}

/** Terms and what they are. */
export function facts(rows: readonly (readonly [term: HtmlValue, value: HtmlValue])[]): Html {
  return html`<dl>${rows.map(
    ([term, value]) => html`<div><dt>${term}</dt><dd>${value}</dd></div>\n`,
  )}</dl>`;
}

/** Short texts of a report, one a line. */
export function examples(items: readonly string[]): Html | null {
  if (items.length === 0) return null;
  return html`<ul class="examples">${bounded(items, 20, (item) => html`<li>${item}</li>`)}</ul>`;
}

/** A mark that is a shape and a word, not a colour alone. */
export function mark(state: 'good' | 'bad' | 'open', words: HtmlValue): Html {
  const sign = { good: '✓', bad: '✗', open: '?' }[state];
  return html`<span class="mark ${state}"><span aria-hidden="true">${sign}</span> ${words}</span>`;
}
