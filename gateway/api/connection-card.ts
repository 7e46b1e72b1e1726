/** Everything somebody needs to connect one device, on one card. */

import { z } from 'zod';
import { native } from '../../model/dialects/native.ts';
import { OnrampError } from '../../model/errors.ts';
import type { BothLanguages } from '../device-events/event-phrases.ts';
import { samplePayload } from '../onboarding/sample-payload.ts';
import type { DirectoryEntry, IssuedCredential } from '../registry/registry.ts';
import type { MqttAddress } from '../trials/endpoint.ts';
import { snippetsOf } from '../trials/snippets/index.ts';
import { type Snippet, snippetLanguages } from '../trials/snippets/snippet.ts';
import type { ApiContext } from './context.ts';

/** How to connect with MQTT 3.1.1; `password` is shown here and never again. */
export interface ConnectionCard {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  /** Where to publish. A gateway puts the id of the device it speaks for in place of `{device}`. */
  readonly topic: string;
  /** A payload that the device may publish there. */
  readonly sample: string;
  /** Where to connect; null on a card that was made while no gateway ran. */
  readonly mqtt: (MqttAddress & { readonly version: '3.1.1' }) | null;
  /** Of the HTTP API; null as `mqtt`. */
  readonly apiUrl: string | null;
  /** Opens the API for the enterprise; null where none comes with the card. */
  readonly token: string | null;
  /** Texts that connect this device when they are pasted; none without an address. */
  readonly snippets: readonly Snippet[];
  /** What else is to be known. */
  readonly notes: readonly BothLanguages[];
}

export const bothLanguages = z.strictObject({ en: z.string(), zh: z.string() });

const mqttSchema = z.strictObject({
  host: z.string(),
  port: z.int(),
  tlsPort: z.int().nullable(),
  tls: z
    .strictObject({
      fingerprint: z.string().describe('SHA-256 of the certificate'),
      ca: z.string().nullable().describe('PEM to trust; null when systems know who signed'),
    })
    .nullable(),
  version: z.literal('3.1.1'),
});

const snippetSchema = z.strictObject({
  id: z.string(),
  title: bothLanguages,
  language: z.enum(snippetLanguages),
  text: z.string(),
});

/** `ConnectionCard`, for the API's description. */
export const cardSchema: z.ZodType<ConnectionCard> = z
  .strictObject({
    clientId: z.string(),
    username: z.string(),
    password: z.string().describe('Shown here and never again'),
    topic: z.string().describe('Where to publish; a gateway fills in {device}'),
    sample: z.string().describe('A payload that may be published there'),
    mqtt: mqttSchema.nullable().describe('null when no gateway ran'),
    apiUrl: z.string().nullable().describe('null when no gateway ran'),
    token: z.string().nullable().describe("Opens the API for a trial's enterprise; shown once"),
    snippets: z.array(snippetSchema).describe('Ready to be pasted'),
    notes: z.array(bothLanguages),
  })
  .meta({ id: 'ConnectionCard', description: 'How to connect with MQTT 3.1.1' });

/** The card of a device that has just been given `credential`, and for a trial a `token`. */
export async function connectionCard(
  { endpoint, registry }: Pick<ApiContext, 'registry' | 'endpoint'>,
  entry: DirectoryEntry,
  credential: IssuedCredential,
  token: string | null = null,
): Promise<ConnectionCard> {
  const profile = await registry.profile(entry.profile);
  if (profile === null) throw new OnrampError('registry.unknown-profile', entry.profile);
  const { enterprise, device, secret } = credential;
  const isGateway = entry.kind === 'gateway';
  const message = {
    ...native.credentials(enterprise, device, secret),
    topic: native.topic(enterprise, isGateway ? '{device}' : device, 'telemetry'),
    sample: samplePayload(profile),
  };
  const reached = endpoint();
  const notes = isGateway ? [fillIn] : [];
  if (reached === null) {
    return {
      ...message,
      mqtt: null,
      apiUrl: null,
      token,
      snippets: [],
      notes: [...notes, nowhere],
    };
  }
  const { apiUrl, mqtt } = reached;
  return {
    ...message,
    mqtt: { ...mqtt, version: '3.1.1' },
    apiUrl,
    token,
    snippets: snippetsOf({ ...message, mqtt }),
    notes: [...notes, ...reached.notes],
  };
}

const fillIn: BothLanguages = {
  en: 'A gateway puts the id of the device it speaks for in place of {device}.',
  zh: '网关发送时请将 {device} 换成所代表设备的标识。',
};

const nowhere: BothLanguages = {
  en: 'No gateway runs, so that this card has no address. Reset the secret while it runs for a card that has one.',
  zh: '网关未运行,因此接入卡上没有地址。网关运行时重置密码即可获得带地址的接入卡。',
};
