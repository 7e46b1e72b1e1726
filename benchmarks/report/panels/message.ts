/** What a message was, and of how many devices: without it no rate can be compared. */

import type { RunReport } from '../../../model/report.ts';
import { facts, panel } from '../frame/panel.ts';
import { type Html, html } from '../html.ts';
import { bytes, count } from '../numbers.ts';
import { text } from '../text.ts';

export function messagePanel({ fleet, message }: RunReport): Html {
  const { bytesMean, dialect, fieldsMean, qos, tls } = message;
  const fleetText = text('message.fleetText', {
    sessions: count(fleet.sessions),
    devices: count(fleet.devices),
    production: count(fleet.productionDevices),
    enterprises: count(fleet.enterprises),
  });
  const rows = [
    [text('message.dialect'), html`${dialect}`],
    [text('message.qos'), count(qos)],
    [text('message.tls'), text(tls ? 'message.withTls' : 'message.withoutTls')],
    [text('message.fields'), count(fieldsMean)],
    [text('message.bytes'), bytes(bytesMean)],
  ] as const;
  return panel(
    'message',
    'message.title',
    html`${facts(rows)}<p class="note">${fleetText}</p>`,
    false,
  );
}
