/** May the device publish to the topic? The reading is sent here. */

import { native, parseUsername } from '../../../model/dialects/native.ts';
import { type Finding, finding, type Step } from '../finding.ts';
import { checkPayload } from '../payload-check.ts';
import type { Visit } from '../visit.ts';

/** For the platform to tell of a refusal over its API. */
const reasonWaitMs = 1500;

export const permissionStep: Step = {
  id: 'permission',
  decisive: false,
  async run(visit, found) {
    const { connection, session, timeoutMs } = visit;
    const { payload, topic } = connection;
    if (topic === null) {
      found(finding('permission', 'not-checked', 'permission.no-topic'));
      return;
    }
    if (/[{}+#]/.test(topic)) {
      found(finding('permission', 'wrong', 'permission.placeholder', topic));
      return;
    }
    if (session === null) {
      found(finding('permission', 'not-checked', 'skipped'));
      return;
    }
    if (payload === null || !checkPayload(payload, visit.clock.nowMs()).readable) {
      found(
        expectedTopic(visit) === null
          ? finding('permission', 'not-checked', 'permission.nothing-to-send')
          : notAllowed(visit, topic),
      );
      session.end();
      return;
    }
    visit.sent = await session.publish(topic, payload, timeoutMs);
    session.end();
    if (visit.sent === 'acknowledged') {
      found(finding('permission', 'ok', 'permission.allowed', topic));
    } else if (visit.sent === 'silent') {
      found(finding('permission', 'not-checked', 'permission.not-known', topic));
    } else {
      found(notAllowed(visit, topic));
      const reason = await visit.platform?.awaitEvent('refused', reasonWaitMs);
      if (reason) found(finding('permission', 'note', 'connect.reason', reason.text));
    }
  },
};

function notAllowed(visit: Visit, topic: string): Finding {
  const expected = expectedTopic(visit);
  return expected === null
    ? finding('permission', 'wrong', 'permission.closed', topic)
    : finding('permission', 'wrong', 'permission.wrong-topic', topic, expected);
}

/** The topic that should have been used, where it is another than the one that was; or null. */
function expectedTopic({ connection }: Visit): string | null {
  const { card, topic, username } = connection;
  if (card !== null) return card.topic === topic ? null : card.topic;
  const user = username === null ? null : parseUsername(username);
  if (user === null) return null;
  const own = native.topic(user.enterprise, user.subject, 'telemetry');
  return own === topic ? null : own;
}
