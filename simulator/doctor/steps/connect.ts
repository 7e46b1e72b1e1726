/** Does the platform accept client id, user name and password? */

import { parseUsername } from '../../../model/dialects/native.ts';
import { deviceKey } from '../../../model/identifiers.ts';
import { type Finding, finding, type Step } from '../finding.ts';
import { type ConnectOutcome, MqttSession } from '../mqtt-session.ts';
import { cardHint } from '../sentences.ts';
import { openTcp, openTls } from '../sockets.ts';
import type { Visit } from '../visit.ts';
import { cardPort } from './port.ts';
import { endpointOf } from './tls.ts';

/** The first byte of a TLS alert (RFC 8446 §5.1), which is what a TLS port says to plain MQTT. */
const tlsAlert = 0x15;

/** For the platform to tell of a refusal over its API. */
const reasonWaitMs = 1500;

export const connectStep: Step = {
  id: 'connect',
  decisive: true,
  async run(visit, found) {
    const { clock, connection, timeoutMs } = visit;
    const { clientId, username, password } = connection;
    if (clientId === null || username === null || password === null) {
      found(finding('connect', 'not-checked', 'connect.no-credentials'));
      return;
    }
    const endpoint = endpointOf(visit);
    const opened = connection.tls ? await openTls(endpoint) : await openTcp(endpoint);
    if ('failure' in opened) {
      found(finding('port', 'wrong', 'port.failed', connection.port, opened.failure));
      return;
    }
    const session = new MqttSession(opened.socket, clock);
    const outcome = await session.connect({ clientId, username, password }, timeoutMs);
    if (outcome.kind === 'connack' && outcome.code === 0) {
      visit.session = session;
      found(finding('connect', 'ok', 'connect.accepted', username));
      return;
    }
    session.cut();
    if (outcome.kind !== 'connack') {
      found(await unanswered(visit, outcome));
      return;
    }
    found(refusal(visit, outcome.code));
    const reason = await visit.platform?.awaitEvent('refused', reasonWaitMs);
    if (reason) found(finding('connect', 'note', 'connect.reason', reason.text));
  },
};

/** What a return code means (MQTT 3.1.1 §3.2.2.3), as closely as the card allows to say. */
function refusal({ connection }: Visit, code: number): Finding {
  const { card, clientId, username, password } = connection;
  const wrong = 'wrong' as const;
  if (code === 1) return finding('connect', wrong, 'connect.version');
  if (code === 3) return finding('connect', wrong, 'connect.busy');
  if (code > 5) return finding('connect', wrong, 'connect.unknown-code', code);
  const user = parseUsername(username!);
  const expected = card?.clientId ?? (user && deviceKey(user.enterprise, user.subject));
  const usernameDiffers = card !== null && card.username !== username;
  if (code !== 2 && usernameDiffers) {
    return finding('connect', wrong, 'connect.wrong-username', username!, card.username);
  }
  if (expected && expected !== clientId) {
    return finding('connect', wrong, 'connect.wrong-client-id', clientId!, expected);
  }
  if (code === 2) return finding('connect', wrong, 'connect.client-id-refused', clientId!);
  if (card !== null && card.password !== password) {
    return finding('connect', wrong, 'connect.wrong-password', username!);
  }
  return finding('connect', wrong, 'connect.refused', username!, code);
}

/** What it means that no CONNACK came. */
async function unanswered(
  visit: Visit,
  outcome: Exclude<ConnectOutcome, { kind: 'connack' }>,
): Promise<Finding> {
  const { connection } = visit;
  const { card, port, tls } = connection;
  const wrong = 'wrong' as const;
  const alerted = outcome.kind === 'other' && outcome.bytes[0] === tlsAlert;
  if (!tls && (alerted || (outcome.kind !== 'other' && (await speaksTls(visit))))) {
    const hint = cardHint(card?.mqtt?.port && card.mqtt.port !== port ? card.mqtt.port : null);
    return finding('tls', wrong, 'tls.server-is-tls', port, hint);
  }
  if (outcome.kind !== 'other') {
    return outcome.kind === 'closed'
      ? finding('connect', wrong, 'connect.closed')
      : finding('connect', wrong, 'connect.silent', port);
  }
  const http = outcome.bytes.subarray(0, 5).toString('latin1') === 'HTTP/';
  const hint = cardHint(cardPort(connection));
  return finding('connect', wrong, 'connect.not-mqtt', port, http ? 'HTTP' : '?', hint);
}

async function speaksTls(visit: Visit): Promise<boolean> {
  const opened = await openTls(endpointOf(visit));
  if ('failure' in opened) return false;
  opened.socket.destroy();
  return true;
}
