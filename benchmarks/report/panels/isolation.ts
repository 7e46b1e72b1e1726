/** Attempts to get where one does not belong, devices that were shut out, and their audit trails. */

import type { IsolationReport, RunReport, ShutOutReport } from '../../../model/report.ts';
import { examples, facts, panel } from '../frame/panel.ts';
import { type Html, html } from '../html.ts';
import { count, latency } from '../numbers.ts';
import { text } from '../text.ts';

export function isolationPanel({ audit, isolation, shutOut }: RunReport): Html {
  return panel(
    'isolation',
    'isolation.title',
    [
      isolation === null ? html`<p>${text('isolation.none')}</p>` : attempts(isolation),
      shutOut === null ? null : ended(shutOut),
      audit === null
        ? null
        : facts([
            [
              text('isolation.audit'),
              text('isolation.auditText', {
                complete: count(audit.complete),
                sampled: count(audit.sampled),
              }),
            ],
          ]),
    ],
    false,
  );
}

function attempts({
  kinds,
  leaks,
  probes,
  rounds,
  silent,
  unexpected,
  ...rest
}: IsolationReport): Html {
  return html`${facts([
    [text('isolation.leaks'), count(leaks)],
    [text('isolation.probes'), count(probes)],
    [text('isolation.kinds'), count(kinds)],
    [text('isolation.rounds'), count(rounds)],
    [text('isolation.unexpected'), count(unexpected)],
    [text('isolation.silent'), count(silent)],
  ])}${examples(rest.examples)}`;
}

function ended({ devices, letIn, revokeMs, stillOpen, suspendMs }: ShutOutReport): Html {
  return facts([
    [text('isolation.shutOut'), count(devices)],
    [text('isolation.stillOpen'), count(stillOpen)],
    [text('isolation.letIn'), count(letIn)],
    [text('isolation.suspend'), latency(suspendMs?.p99)],
    [text('isolation.revoke'), latency(revokeMs?.p99)],
  ]);
}
