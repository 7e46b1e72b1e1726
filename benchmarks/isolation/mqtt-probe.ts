/** One attempt over MQTT, as data. */

import type { CardName } from './names.ts';
import type { Outcome } from './outcome.ts';

/** What is tried once a connection is open. */
export type Attempt =
  | { readonly connect: true }
  /** A PUBLISH; at QoS 0 a PINGREQ follows, whose answer says that it was taken. */
  | { readonly publish: string; readonly qos: 0 | 1 | 2; readonly retain?: true }
  | { readonly subscribe: string }
  | { readonly will: string; readonly retain?: true }
  /** Subscribes to the response and sends this request. */
  | { readonly claim: string }
  /** A PUBLISH in place of the CONNECT. */
  | { readonly unannounced: string };

export interface MqttProbe {
  /** Whose credentials are presented. Probes of one card follow one another. */
  readonly card: CardName;
  readonly what: string;
  /** Laid over the card. */
  readonly instead?: {
    readonly clientId?: string;
    readonly username?: string;
    readonly password?: string;
    readonly passwordOf?: CardName;
  };
  /** Of a claim session. */
  readonly serial?: string;
  readonly tls?: true;
  readonly attempt: Attempt;
  readonly expects: Outcome;
}
