/** The balance of all readings: sent, acknowledged, stored, and what lies between. */

import { max } from 'd3-array';
import type { LedgerReport, RunReport } from '../../../model/report.ts';
import type { TextKey } from '../dictionary.ts';
import { type BarRow, bars } from '../frame/bars.ts';
import { examples, facts, mark, panel } from '../frame/panel.ts';
import { side } from '../frame/plot.ts';
import { valueAxis } from '../frame/value-axis.ts';
import { type Html, html } from '../html.ts';
import { count, countText, isKnown, seconds } from '../numbers.ts';
import { text } from '../text.ts';

/** A line of the balance; `sign` says how it follows from the lines above. */
interface Line {
  readonly sign: '' | '−' | '+' | '=';
  readonly key: TextKey;
  readonly value: number | null;
  readonly bad?: boolean;
}

export function ledgerPanel({ ledger, message, telemetry }: RunReport): Html {
  const promised = message.qos !== 0;
  const { duplicated, late, lateAfterMs } = ledger;
  const lines = [...beforeSent(telemetry), ...(promised ? balance(ledger) : unpromised(ledger))];
  const axis = valueAxis(
    lines.map(({ value }) => value),
    countText,
  );
  const part = (value: number): number => 1 - axis.y(Math.abs(value)) / side;
  const rows = lines.map(({ bad = false, key, sign, value }): BarRow => {
    const total = sign === '' || sign === '=';
    const colour = bad ? 'bar alarm' : total ? 'bar accent' : 'bar second';
    return {
      className: `${total ? 'total' : 'between'}${bad ? ' bad' : ''}`,
      label: html`<span class="operator">${sign}</span> ${text(key)}`,
      segments: isKnown(value) ? [{ className: colour, from: 0, to: part(value) }] : [],
      cells: [reconciled(value)],
    };
  });
  return panel('ledger', 'ledger.title', [
    html`<p>${promised ? conclusion(ledger) : mark('open', text('ledger.unpromised'))}</p>`,
    bars({ heads: ['', text('unit.readings')], ticks: axis.ticks, rows }),
    facts([
      [text('ledger.duplicated'), reconciled(duplicated)],
      [text('ledger.late', { after: seconds(lateAfterMs / 1000) }), reconciled(late)],
    ]),
    ledger.examples.length > 0 ? html`<h3>${text('ledger.examples')}</h3>` : null,
    examples(ledger.examples),
  ]);
}

/** From what came due to what was sent. */
function beforeSent({ due, skipped, unsent }: RunReport['telemetry']): Line[] {
  return [
    { sign: '', key: 'ledger.due', value: due },
    { sign: '−', key: 'ledger.skipped', value: skipped, bad: (skipped ?? 0) !== 0 },
    { sign: '−', key: 'ledger.unsent', value: unsent, bad: (unsent ?? 0) !== 0 },
  ];
}

/**
 * From what was sent to what is stored. What the report does not count itself follows from the lines
 * around it, and is known when they are.
 */
function balance(ledger: LedgerReport): Line[] {
  const { acked, deadLettered, lost, overwritten, sent, stored } = ledger;
  const unacked = isKnown(acked) ? sent - acked : null;
  const terms = [stored, acked, deadLettered, overwritten, lost];
  const beyond = terms.every(isKnown)
    ? stored! - (acked! - deadLettered! - overwritten! - lost!)
    : null;
  return [
    { sign: '=', key: 'ledger.sent', value: sent },
    { sign: '−', key: 'ledger.unacked', value: unacked, bad: (unacked ?? 0) !== 0 },
    { sign: '=', key: 'ledger.acked', value: acked },
    { sign: '−', key: 'ledger.deadLettered', value: deadLettered },
    { sign: '−', key: 'ledger.overwritten', value: overwritten },
    { sign: '−', key: 'ledger.lost', value: lost, bad: (lost ?? 0) !== 0 },
    ...(beyond === null || beyond === 0 ? [] : [beyondLine(beyond)]),
    { sign: '=', key: 'ledger.stored', value: stored },
  ];
}

/** At QoS 0 what was sent and what is stored can be compared, and nothing between is accounted for. */
function unpromised({ deadLettered, sent, stored }: LedgerReport): Line[] {
  return [
    { sign: '=', key: 'ledger.sent', value: sent },
    { sign: '', key: 'ledger.deadLettered', value: deadLettered },
    { sign: '', key: 'ledger.stored', value: stored },
  ];
}

/** Of what was never acknowledged some may be stored or refused all the same. */
function beyondLine(beyond: number): Line {
  return { sign: '+', key: beyond > 0 ? 'ledger.beyond' : 'ledger.short', value: Math.abs(beyond) };
}

function reconciled(value: number | null): Html {
  return isKnown(value) ? count(value) : mark('open', text('unknown.ledger'));
}

function conclusion({ lost, stored }: LedgerReport): Html {
  if (!isKnown(lost) || !isKnown(stored)) return mark('open', text('ledger.notReconciled'));
  return max([lost, 0]) === 0
    ? mark('good', text('ledger.balanced'))
    : mark('bad', text('ledger.missing'));
}
