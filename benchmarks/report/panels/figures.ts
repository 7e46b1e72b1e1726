/** The figures that matter, each with the threshold it was held against. */

import type { RunReport } from '../../../model/report.ts';
import type { TextKey } from '../dictionary.ts';
import { panel } from '../frame/panel.ts';
import { type Html, type HtmlValue, html } from '../html.ts';
import { count, isKnown, latency, rate, seconds } from '../numbers.ts';
import { text } from '../text.ts';
import { pathOf, resultOf } from './verdict.ts';

interface Tile {
  readonly label: TextKey;
  readonly figure: HtmlValue;
  readonly beneath: HtmlValue;
  /** Where its value stands in the report. */
  readonly paths: readonly string[];
}

export function figuresPanel(report: RunReport): Html {
  const tiles = tilesOf(report).map(({ beneath, figure, label, paths }) => {
    const held = report.thresholds.filter(({ expression }) => paths.includes(pathOf(expression)));
    return html`<li class="tile"><h3>${text(label)}</h3>
<p class="figure">${figure}</p><p class="beneath">${beneath}</p>
${held.slice(0, 3).map((each) => html`<p class="held">${resultOf(each)} <code>${each.expression.slice(pathOf(each.expression).length)}</code></p>`)}</li>\n`;
  });
  return panel('figures', 'figures.title', html`<ul class="tiles">${tiles}</ul>`);
}

function tilesOf(report: RunReport): Tile[] {
  const { connect, fairness, isolation, ledger, message, telemetry } = report;
  const promised = message.qos !== 0;
  const { acked, ackMs, perSecond, sent, storedMs } = telemetry;
  const spread = (of: typeof ackMs): Html | null =>
    of && text('figures.p50max', { p50: latency(of.p50), max: latency(of.max) });
  return [
    {
      label: 'figures.sessions',
      figure: count(connect.connected),
      beneath: text('figures.sessionsBeneath', {
        attempted: count(connect.attempted),
        seconds: seconds(connect.seconds),
      }),
      paths: ['connect.connected', 'connect.seconds', 'connect.failed'],
    },
    {
      label: 'figures.rate',
      figure: rate(perSecond),
      beneath: promised
        ? text('figures.rateBeneath', { acked: count(acked), sent: count(sent) })
        : text('figures.sent', { n: count(sent) }),
      paths: ['telemetry.perSecond'],
    },
    {
      label: 'figures.ack',
      figure: latency(ackMs?.p99),
      beneath: spread(ackMs),
      paths: ['telemetry.ackMs.p99', 'telemetry.ackMs.p50'],
    },
    {
      label: 'figures.stored',
      figure: latency(storedMs?.p99),
      beneath: spread(storedMs),
      paths: ['telemetry.storedMs.p99', 'telemetry.storedMs.p50'],
    },
    lostTile(report),
    {
      label: 'figures.duplicated',
      figure: reconciled(ledger.duplicated),
      beneath: promised
        ? text('figures.duplicatedBeneath', { n: count(ledger.overwritten) })
        : null,
      paths: ['ledger.duplicated', 'ledger.overwritten'],
    },
    {
      label: 'figures.leaks',
      figure: isolation ? count(isolation.leaks) : '–',
      beneath: isolation
        ? text('figures.leaksBeneath', { n: count(isolation.probes) })
        : text('figures.nobodyTried'),
      paths: ['isolation.leaks'],
    },
    {
      label: 'figures.worst',
      figure: latency(fairness?.worstEnterpriseAckMsP99),
      beneath: text('figures.median', { n: latency(fairness?.medianEnterpriseAckMsP99) }),
      paths: ['fairness.worstEnterpriseAckMsP99'],
    },
  ];
}

const reconciled = (value: number | null): Html =>
  isKnown(value) ? count(value) : html`<span class="words">${text('unknown.ledger')}</span>`;

/** At QoS 0 none can be lost: what was sent and what is stored stand there instead. */
function lostTile({ ledger, message: { qos } }: RunReport): Tile {
  const { acked, lost, sent, stored } = ledger;
  const common = { label: 'figures.lost', paths: ['ledger.lost'] } as const;
  if (qos !== 0) {
    const beneath = text('figures.lostBeneath', { n: count(acked) });
    return { ...common, figure: reconciled(lost), beneath };
  }
  return {
    ...common,
    figure: html`<span class="words">${text('figures.unpromised')}</span>`,
    beneath: text('figures.sentStored', { sent: count(sent), stored: count(stored) }),
  };
}
