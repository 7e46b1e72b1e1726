/** Does the name of the platform lead to an address? */

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { messageOf } from '../../../model/errors.ts';
import { finding, type Step } from '../finding.ts';
import { cardHint } from '../sentences.ts';

/** Codes of a resolver that knows there is no such name. */
const unknownCodes: ReadonlySet<string> = new Set(['ENOTFOUND', 'ENODATA']);

export const nameStep: Step = {
  id: 'name',
  decisive: true,
  async run(visit, found) {
    const { host, card } = visit.connection;
    if (isIP(host) !== 0) {
      visit.addresses = [host];
      found(finding('name', 'ok', 'name.address', host));
      return;
    }
    try {
      const entries = await lookup(host, { all: true, order: 'ipv4first' });
      visit.addresses = entries.map(({ address }) => address);
      found(finding('name', 'ok', 'name.found', host, visit.addresses.join(', ')));
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? messageOf(error);
      const hint = cardHint(card?.mqtt && card.mqtt.host !== host ? card.mqtt.host : null);
      found(
        unknownCodes.has(code)
          ? finding('name', 'wrong', 'name.unknown', host, hint)
          : finding('name', 'wrong', 'name.no-answer', host, code),
      );
    }
  },
};
