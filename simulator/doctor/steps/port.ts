/** Does something listen on the port? */

import { type Finding, finding, type Step } from '../finding.ts';
import { cardHint } from '../sentences.ts';
import { openTcp } from '../sockets.ts';
import type { Visit } from '../visit.ts';

export const portStep: Step = {
  id: 'port',
  decisive: true,
  async run(visit, found) {
    const { clock, timeoutMs } = visit;
    const { port } = visit.connection;
    let failure = 'refused';
    for (const address of visit.addresses) {
      const opened = await openTcp({ clock, timeoutMs, address, port });
      if ('socket' in opened) {
        opened.socket.destroy();
        visit.addresses = [address];
        found(finding('port', 'ok', 'port.open', port));
        return;
      }
      failure = opened.failure;
    }
    found(shut(visit, failure));
  },
};

function shut({ connection }: Visit, failure: string): Finding {
  const { host, port, card } = connection;
  const hint = cardHint(cardPort(connection));
  if (failure === 'refused') return finding('port', 'wrong', 'port.refused', port, hint);
  if (failure === 'timeout') return finding('port', 'wrong', 'port.silent', port, hint);
  if (failure === 'unreachable') {
    const cardHost = card?.mqtt && card.mqtt.host !== host ? card.mqtt.host : null;
    return finding('port', 'wrong', 'port.unreachable', host, cardHint(cardHost));
  }
  return finding('port', 'wrong', 'port.failed', port, failure);
}

/** The port that the card has for the same kind of connection, where it is another; or null. */
export function cardPort({ card, port, tls }: Visit['connection']): number | null {
  const named = (tls ? card?.mqtt?.tlsPort : card?.mqtt?.port) ?? null;
  return named === port ? null : named;
}
