/** Is the connection encrypted as it should be, and is the server the one it should be? */

import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { type Finding, finding, type Step } from '../finding.ts';
import { MqttSession } from '../mqtt-session.ts';
import { cardHint } from '../sentences.ts';
import { openTcp, openTls } from '../sockets.ts';
import type { Visit } from '../visit.ts';

export const tlsStep: Step = {
  id: 'tls',
  decisive: true,
  async run(visit, found) {
    const { connection } = visit;
    if (!connection.tls) {
      found(finding('tls', 'note', 'tls.plain'));
      return;
    }
    const opened = await openTls(endpointOf(visit));
    if ('failure' in opened) {
      found(await withoutHandshake(visit, opened.failure));
      return;
    }
    const { socket } = opened;
    const certificate = socket.getPeerX509Certificate();
    const findings = certificate === undefined ? [] : judge(visit, socket, certificate);
    socket.destroy();
    for (const each of findings) found(each);
  },
};

/** What the steps that open a connection need. */
export function endpointOf({ addresses, clock, connection, timeoutMs }: Visit) {
  const { host, port, ca } = connection;
  return { address: addresses[0]!, clock, timeoutMs, host, port, ca };
}

/** What it means that TLS could not be agreed on. */
async function withoutHandshake(visit: Visit, failure: string): Promise<Finding> {
  const { port, card } = visit.connection;
  if (await speaksPlainMqtt(visit)) {
    const tlsPort = card?.mqtt?.tlsPort ?? null;
    return finding('tls', 'wrong', 'tls.server-is-plain', port, cardHint(tlsPort));
  }
  return finding('tls', 'wrong', 'tls.failed', port, failure);
}

/** Tries a CONNECT that presents nothing: no secret goes to a server that nobody vouches for. */
async function speaksPlainMqtt(visit: Visit): Promise<boolean> {
  const opened = await openTcp(endpointOf(visit));
  if ('failure' in opened) return false;
  const session = new MqttSession(opened.socket, visit.clock);
  const { kind } = await session.connect({}, visit.timeoutMs);
  session.cut();
  return kind === 'connack';
}

function judge(visit: Visit, socket: TLSSocket, certificate: X509Certificate): Finding[] {
  const { fingerprint, ca } = visit.connection;
  const shown = certificate.fingerprint256.replaceAll(':', '').toLowerCase();
  if (fingerprint !== null && shown !== fingerprint) {
    return [finding('tls', 'wrong', 'tls.wrong-fingerprint', brief(shown), brief(fingerprint))];
  }
  const pinned = fingerprint === null ? [] : [finding('tls', 'ok', 'tls.pinned')];
  // With the fingerprint alone nothing else is relied on; a client with a CA file checks the rest.
  if (fingerprint !== null && ca === null) return pinned;
  return [...pinned, ...chainFindings(visit, socket, certificate)];
}

function chainFindings(visit: Visit, socket: TLSSocket, certificate: X509Certificate): Finding[] {
  const { host } = visit.connection;
  const nowMs = visit.clock.nowMs();
  const [from, until] = [certificate.validFromDate, certificate.validToDate];
  const wrong: Finding[] = [];
  if (until.getTime() < nowMs) wrong.push(finding('tls', 'wrong', 'tls.expired', day(until)));
  if (from.getTime() > nowMs) wrong.push(finding('tls', 'wrong', 'tls.not-yet-valid', day(from)));
  const named = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
  if (named === undefined) {
    wrong.push(finding('tls', 'wrong', 'tls.wrong-name', host, namesOf(certificate)));
  }
  const reason = authorizationProblem(socket);
  if (reason !== null) wrong.push(finding('tls', 'wrong', 'tls.untrusted', reason));
  return wrong.length > 0 ? wrong : [finding('tls', 'ok', 'tls.trusted', day(until))];
}

/** Why the chain is not trusted; dates are told of separately. */
function authorizationProblem({ authorizationError }: TLSSocket): string | null {
  // Node gives the code as a string, against its own types.
  const code = authorizationError as unknown as string | null | undefined;
  if (!code || code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') return null;
  return String(code);
}

function namesOf({ subjectAltName, subject }: X509Certificate): string {
  const names = (subjectAltName ?? '').split(', ').map((name) => name.replace(/^[^:]*:/, ''));
  return names.filter((name) => name !== '').join(', ') || subject.replaceAll('\n', ', ');
}

/** Enough of a fingerprint to compare by eye. */
function brief(fingerprint: string): string {
  return `${fingerprint.slice(0, 16)}…`;
}

function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}
