/** The four figures that are read first: devices, enterprises, rate, latency. */

import { Counter } from '../counter.ts';
import { h, label, pair, setText } from '../dom.ts';
import { count, latency, percent } from '../format.ts';
import type { TextKey, Texts } from '../i18n.ts';
import type { Panel } from '../view.ts';

function tile(texts: Texts, area: string, title: TextKey, ...children: readonly HTMLElement[]) {
  const heading = h('h2', '', label(texts, title));
  const element = h('section', `panel figure ${area}`, heading, ...children);
  heading.id = `title-${area}`;
  element.setAttribute('aria-labelledby', heading.id);
  return element;
}

/** A number with its unit behind it. */
function withUnit(texts: Texts, number: HTMLElement, unit: TextKey): HTMLElement {
  return pair(number, label(texts, unit, 'unit'));
}

/**
 * Sessions and registered devices. A share of one in the other only where a session is a device:
 * an enterprise's gateway carries many devices in one session.
 */
export function devicesFigure(texts: Texts): Panel {
  const { language } = texts;
  const sessions = new Counter(h('strong', 'hero'), (value) => count(value, language));
  const registered = h('span', 'number');
  const production = h('span', 'number');
  const gateways = h('span', 'number');
  const ofProduction = pair(label(texts, 'devices.production', 'unit'), production);
  const ofGateways = pair(label(texts, 'devices.gateways', 'unit'), gateways);
  const bar = h('progress');
  bar.title = texts.text('devices.share');
  bar.setAttribute('aria-label', bar.title);
  const share = h('span', 'number');
  const element = tile(
    texts,
    'devices',
    'devices.title',
    h('p', 'main', withUnit(texts, sessions.element, 'devices.sessions')),
    h('p', 'meter', bar, share),
    h('p', 'aside', withUnit(texts, registered, 'devices.registered'), ofProduction, ofGateways),
  );
  return {
    element,
    show({ sessions: now, registry }) {
      sessions.show(now);
      const direct = registry !== null && registry.gateways === 0;
      const ratio = direct && registry.devices > 0;
      bar.hidden = !ratio;
      if (ratio) {
        bar.max = registry.devices;
        bar.value = Math.min(now, registry.devices);
      }
      setText(share, ratio ? percent(now, registry.devices) : '');
      const known = (value: number | undefined) =>
        value === undefined ? texts.text('unknown') : count(value, language);
      setText(registered, known(registry?.devices));
      setText(production, known(registry?.productionDevices));
      setText(gateways, known(registry?.gateways));
      ofGateways.hidden = registry === null || direct;
    },
  };
}

/** Registered enterprises, how many devices they have, and in how many districts they are. */
export function enterprisesFigure(texts: Texts): Panel {
  const { language } = texts;
  const enterprises = new Counter(h('strong', 'hero'), (value) => count(value, language));
  const each = h('span', 'number');
  const districts = h('span', 'number');
  const element = tile(
    texts,
    'enterprises',
    'enterprises.title',
    h('p', 'main', withUnit(texts, enterprises.element, 'enterprises.registered')),
    h(
      'p',
      'aside',
      pair(label(texts, 'enterprises.devices', 'unit'), each),
      pair(label(texts, 'enterprises.districts', 'unit'), districts),
    ),
  );
  return {
    element,
    show({ registry }) {
      if (registry === null) {
        for (const part of [enterprises.element, each, districts])
          setText(part, texts.text('unknown'));
        return;
      }
      enterprises.show(registry.enterprises);
      const mean = registry.enterprises === 0 ? null : registry.devices / registry.enterprises;
      setText(each, mean === null ? texts.text('unknown') : mean.toFixed(1));
      const used = registry.byDistrict.filter((district) => district.devices > 0).length;
      setText(districts, count(used, language));
    },
  };
}

/** Readings stored per second, beside those received, and the total. */
export function rateFigure(texts: Texts): Panel {
  const { language } = texts;
  const stored = new Counter(h('strong', 'hero'), (value) => count(value, language));
  const received = h('span', 'number');
  const total = h('span', 'number');
  total.id = 'stored-total';
  const element = tile(
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
  const element = tile(
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
