/** Where every reading went, as a sum that is seen to come out. */

import { h, label, pair, panel, setText } from '../dom.ts';
import { count, percent } from '../format.ts';
import type { TextKey, Texts } from '../i18n.ts';
import { type ReadingCounts, unaccounted } from '../snapshot.ts';
import type { Panel } from '../view.ts';

type Part = Exclude<keyof ReadingCounts, 'received' | 'refusedFields'>;

const parts: readonly Part[] = ['stored', 'deadLettered', 'waiting', 'withheld', 'dropped'];

function row(texts: Texts, key: TextKey, sign: string, className: string) {
  const number = h('td', 'number');
  const share = h('td', 'share');
  const mark = h('td', 'sign', sign);
  mark.setAttribute('aria-hidden', 'true');
  const heading = h('th', '', label(texts, key));
  heading.scope = 'row';
  return { element: h('tr', className, mark, heading, number, share), number, share };
}

export function ledger(texts: Texts): Panel {
  const { language } = texts;
  const received = row(texts, 'ledger.received', '', 'received');
  const rows = parts.map((part, index) => ({
    part,
    ...row(texts, `ledger.${part}`, index === 0 ? '=' : '+', part),
  }));
  const sum = row(texts, 'ledger.sum', 'Σ', 'sum');
  const fields = h('span', 'number');
  const bar = h('div', 'bar');
  bar.setAttribute('aria-hidden', 'true');
  const segments = parts.map((part) => h('span', part));
  bar.append(...segments);
  const table = h('table', '', h('tbody', '', received.element));
  table.tBodies[0]!.append(...rows.map(({ element }) => element), sum.element);
  const element = panel(
    texts,
    'ledger',
    'ledger.title',
    bar,
    table,
    h('p', 'aside', pair(label(texts, 'ledger.fields', 'unit'), fields)),
  );
  table.title = texts.text('ledger.since');
  return {
    element,
    show({ readings }) {
      setText(received.number, count(readings.received, language));
      for (const [index, { part, number, share }] of rows.entries()) {
        setText(number, count(readings[part], language));
        setText(share, readings.received > 0 ? percent(readings[part], readings.received) : '');
        segments[index]!.style.flexGrow = String(Math.max(0, readings[part]));
        segments[index]!.hidden = readings[part] <= 0;
      }
      const off = unaccounted(readings);
      setText(sum.number, count(readings.received - off, language));
      sum.element.classList.toggle('wrong', off !== 0);
      setText(
        sum.share,
        off === 0
          ? `✓ ${texts.text('ledger.addsUp')}`
          : `✗ ${texts.text('ledger.off', { count: count(off, language) })}`,
      );
      setText(fields, count(readings.refusedFields, language));
    },
  };
}
