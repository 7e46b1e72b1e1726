/** How fast it goes: readings per second, and how long each takes. */

import { Counter } from '../counter.ts';
import { h, label, pair, setText } from '../dom.ts';
import { count, latency } from '../format.ts';
import type { TextKey, Texts } from '../i18n.ts';
import type { Panel } from '../view.ts';
import { figure } from './figure.ts';

/** A number with its unit behind it. */
function withUnit(texts: Texts, number: HTMLElement, unit: TextKey): HTMLElement {
  return pair(number, label(texts, unit, 'unit'));
}

/** Readings stored per second, beside those received, and the total. */
export function rateFigure(texts: Texts): Panel {
  const { language } = texts;
  const stored = new Counter(h('strong', 'hero'), (value) => count(value, language));
  const received = h('span', 'number');
  const total = h('span', 'number');
  total.id = 'stored-total';
  const element = figure(
    texts,
    'rate',
    'rate.title',
    h('p', 'main', withUnit(texts, stored.element, 'rate.perSecond')),
    h(
      'p',
      'aside',
      pair(label(texts, 'rate.received', 'unit'), received),
      pair(label(texts, 'rate.total', 'unit'), total),
    ),
  );
  return {
    element,
    show({ rates, readings }) {
      stored.show(rates.stored);
      setText(received, `${count(rates.received, language)} ${texts.text('rate.perSecond')}`);
      setText(total, count(readings.stored, language));
    },
  };
}

/** From a reading's timestamp to its row: p99 large, p50 and the maximum beside. */
export function latencyFigure(texts: Texts): Panel {
  const value = h('strong', 'hero');
  const unit = h('span', 'unit');
  const median = h('span', 'number');
  const highest = h('span', 'number');
  const element = figure(
    texts,
    'latency',
    'latency.title',
    h('p', 'main', pair(value, unit)),
    h('p', 'note', label(texts, 'latency.definition')),
    h(
      'p',
      'aside',
      pair(h('span', 'unit', 'p50'), median),
      pair(label(texts, 'latency.max', 'unit'), highest),
    ),
  );
  return {
    element,
    show({ shipper: { storedMs } }) {
      const [number, units] = storedMs === null ? ['—', ''] : latency(storedMs.p99);
      setText(value, number);
      setText(unit, storedMs === null ? texts.text('latency.none') : units);
      setText(median, storedMs === null ? '—' : latency(storedMs.p50).join(' '));
      setText(highest, storedMs === null ? '—' : latency(storedMs.max).join(' '));
    },
  };
}
