/** Rates and latencies of the last minutes, one time axis for both. */

import { Chart, type Moment } from '../chart.ts';
import { h, label, panel } from '../dom.ts';
import { count, latency, shortCount } from '../format.ts';
import type { Texts } from '../i18n.ts';
import type { Panel } from '../view.ts';

function key(className: string, name: string): HTMLElement {
  return h('span', `key ${className}`, name);
}

export function charts(texts: Texts): Panel {
  const { language } = texts;
  const xLabel = (minutesAgo: number): string =>
    minutesAgo === 0 ? texts.text('charts.now') : `−${minutesAgo} ${texts.text('charts.minutes')}`;
  const rates = new Chart({
    series: [
      { colour: '--accent', filled: true },
      { colour: '--second-accent', dashed: true },
    ],
    scale: 'linear',
    yLabel: (value) => shortCount(value, language),
    xLabel,
  });
  const latencies = new Chart({
    series: [{ colour: '--accent' }, { colour: '--second-accent' }],
    scale: 'log',
    yLabel: (value) => latency(value).join(' ').replace(/\.0+ /, ' '),
    xLabel,
  });
  const plot = (chart: Chart, title: 'charts.rate' | 'charts.latency', ...keys: HTMLElement[]) =>
    h(
      'figure',
      '',
      h('figcaption', '', label(texts, title), h('span', 'keys', ...keys)),
      chart.canvas,
    );
  const element = panel(
    texts,
    'charts',
    'charts.title',
    h(
      'div',
      'plots',
      plot(
        rates,
        'charts.rate',
        key('first', texts.text('charts.stored')),
        key('second dashed', texts.text('charts.received')),
      ),
      plot(latencies, 'charts.latency', key('first', 'p50'), key('second', 'p99')),
    ),
  );
  return {
    element,
    show({ rates: now, shipper: { storedMs } }, { points }) {
      const rateMoments = points.map(
        (point): Moment => ({
          atMs: point.atMs,
          values: [point.storedPerSecond, point.receivedPerSecond],
        }),
      );
      rates.show(
        rateMoments,
        `${texts.text('charts.received')} ${count(now.received, language)}, ${texts.text('charts.stored')} ${count(now.stored, language)} ${texts.text('rate.perSecond')}`,
      );
      const latencyMoments = points.map(
        (point): Moment => ({ atMs: point.atMs, values: [point.storedP50Ms, point.storedP99Ms] }),
      );
      latencies.show(
        latencyMoments,
        storedMs === null
          ? texts.text('latency.none')
          : `p50 ${latency(storedMs.p50).join(' ')}, p99 ${latency(storedMs.p99).join(' ')}`,
      );
    },
  };
}
