/** How the machine is to connect: what its connection card says, and what flags say instead. */

import { z } from 'zod';
import { native, parseUsername } from '../../model/dialects/native.ts';
import { OnrampError } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { parseTarget } from '../client/target.ts';

const port = z.int().min(1).max(65_535);

/** A card as JSON; what else is on it is not read. */
const cardShape = z.object({
  /** Null on a card that was made while no gateway ran. */
  mqtt: z
    .object({
      host: z.string().min(1),
      port: port.nullish(),
      tlsPort: port.nullish(),
      tls: z.object({ fingerprint: z.string().nullish(), ca: z.string().nullish() }).nullish(),
    })
    .nullable(),
  clientId: z.string(),
  username: z.string(),
  password: z.string(),
  topic: z.string(),
  sample: z.union([z.string(), z.record(z.string(), z.unknown())]),
  apiUrl: z.string().nullish(),
  token: z.string().nullish(),
});

export type ConnectionCard = z.output<typeof cardShape>;

/** What the command line gives; files are read already. */
export interface ConnectionInput {
  readonly card?: string | undefined;
  readonly target?: string | undefined;
  readonly tls?: boolean | undefined;
  readonly tlsCa?: string | undefined;
  readonly tlsFingerprint?: string | undefined;
  readonly clientId?: string | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly topic?: string | undefined;
  readonly payload?: Buffer | undefined;
  readonly api?: string | undefined;
  readonly apiToken?: string | undefined;
}

/** Null is what nobody said. */
export interface Connection {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly ca: string | null;
  /** SHA-256 of the server's certificate, lower case, without colons. */
  readonly fingerprint: string | null;
  readonly clientId: string | null;
  readonly username: string | null;
  readonly password: string | null;
  readonly topic: string | null;
  readonly payload: Buffer | null;
  readonly api: { readonly url: string; readonly token: string } | null;
  /** `{enterprise}.{device}`, by the topic, or else by the user name. */
  readonly deviceKey: string | null;
  readonly card: ConnectionCard | null;
}

/**
 * The connection to be examined; flags win over the card.
 * @throws OnrampError `config.invalid` with every mistake.
 */
export function connectionOf(input: ConnectionInput): Connection {
  const problems: string[] = [];
  const card = input.card === undefined ? null : readCard(input.card, problems);
  const endpoint = endpointOf(input, card, problems);
  const fingerprint = bare(input.tlsFingerprint ?? card?.mqtt?.tls?.fingerprint);
  if (fingerprint !== null && !/^[0-9a-f]{64}$/.test(fingerprint)) {
    problems.push('--tls-fingerprint: not a SHA-256 fingerprint');
  }
  const url = input.api ?? card?.apiUrl;
  if (url && !/^https?:$/.test(URL.parse(url)?.protocol ?? '')) {
    problems.push('--api: must be http://host:port or https://host:port');
  }
  if (problems.length > 0 || endpoint === null) throw new OnrampError('config.invalid', problems);
  const token = input.apiToken ?? card?.token;
  const username = input.username ?? card?.username ?? null;
  const topic = input.topic ?? card?.topic ?? null;
  return {
    ...endpoint,
    ca: input.tlsCa ?? card?.mqtt?.tls?.ca ?? null,
    fingerprint,
    clientId: input.clientId ?? card?.clientId ?? null,
    username,
    password: input.password ?? card?.password ?? null,
    topic,
    payload: input.payload ?? sampleOf(card),
    api: url && token ? { url, token } : null,
    deviceKey: keyOf(topic, username),
    card,
  };
}

function readCard(text: string, problems: string[]): ConnectionCard | null {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (error) {
    problems.push(`--card: ${(error as SyntaxError).message}`);
    return null;
  }
  // The answer that brought the card may have been kept whole.
  const inner = (document as { card?: unknown } | null)?.card ?? document;
  const result = cardShape.safeParse(inner);
  if (result.success) return result.data;
  for (const { path, message } of result.error.issues) {
    problems.push(`--card: ${path.join('.') || 'the card'}: ${message}`);
  }
  return null;
}

function endpointOf(
  { target, tls }: ConnectionInput,
  card: ConnectionCard | null,
  problems: string[],
): Pick<Connection, 'host' | 'port' | 'tls'> | null {
  if (target !== undefined) {
    const address = parseTarget(target);
    if (address === null) {
      problems.push(`--target: must be mqtt://host:port or mqtts://host:port: ${target}`);
    } else if (tls && !address.tls) {
      problems.push('--tls: is for the port on the card; write --target mqtts://');
    }
    return address;
  }
  if (card === null) {
    if (problems.length === 0) problems.push('--card or --target: one of them is needed');
    return null;
  }
  if (card.mqtt === null) {
    problems.push('--target: is needed, for the card has no address');
    return null;
  }
  const { host, port: plainPort, tlsPort } = card.mqtt;
  const encrypted = tls ?? !plainPort;
  const chosen = encrypted ? tlsPort : plainPort;
  if (!chosen) {
    problems.push('--tls: the card has no TLS port');
    return null;
  }
  return { host, port: chosen, tls: encrypted };
}

function sampleOf(card: ConnectionCard | null): Buffer | null {
  if (card === null) return null;
  return Buffer.from(typeof card.sample === 'string' ? card.sample : JSON.stringify(card.sample));
}

function bare(fingerprint: string | null | undefined): string | null {
  return fingerprint ? fingerprint.replaceAll(':', '').toLowerCase() : null;
}

function keyOf(topic: string | null, username: string | null): string | null {
  const named = topic === null ? null : native.parseTopic(topic);
  const user = username === null ? null : parseUsername(username);
  // A topic of another enterprise is a mistake, of which this device's own events tell.
  if (named !== null && (user === null || user.enterprise === named.enterprise)) {
    return deviceKey(named.enterprise, named.device);
  }
  return user === null ? null : deviceKey(user.enterprise, user.subject);
}
