/** Can the platform read what the machine sends, and does it acknowledge it? */

import { finding, type Step } from '../finding.ts';
import { checkPayload } from '../payload-check.ts';

export const payloadStep: Step = {
  id: 'payload',
  decisive: false,
  async run(visit, found) {
    const { payload } = visit.connection;
    if (payload === null) {
      found(finding('payload', 'not-checked', 'payload.none'));
      return;
    }
    const { findings } = checkPayload(payload, visit.clock.nowMs());
    for (const each of findings) found(each);
    if (visit.sent === 'silent') found(finding('payload', 'wrong', 'payload.silent'));
    if (findings.length > 0 || visit.sent === 'silent') return;
    const acknowledged = visit.sent === 'acknowledged';
    found(finding('payload', 'ok', acknowledged ? 'payload.acknowledged' : 'payload.well-formed'));
  },
};
