/** Registers, through the API, whom and what the isolation suite needs. */

import type { Clock } from '../../model/clock.ts';
import { sleep } from '../../model/clock.ts';
import { claimCredentials } from '../../model/dialects/native-provisioning.ts';
import { groupSecret } from '../../model/group-secret.ts';
import { deviceKey } from '../../model/identifiers.ts';
import type { GatewayClient } from '../gateway-client.ts';
import {
  type Authorities,
  type CertifiedKey,
  deviceCertificates,
  registerAuthorities,
} from './certificates.ts';
import {
  batch,
  type CardName,
  carried,
  derived,
  devices,
  gateways,
  line,
  machine,
  mark,
  newcomer,
  notCarried,
  other,
  own,
  press,
  type TokenName,
  underived,
} from './names.ts';

/** What a CONNECT presents. A claim's client id gets the serial in place of `{serial}`. */
export interface Card {
  readonly clientId: string;
  readonly username?: string;
  readonly password?: string;
  readonly certificate?: CertifiedKey;
}

/** Everybody and everything that probes and their judges need. */
export interface Cast {
  readonly cards: Readonly<Record<CardName, Card>>;
  readonly tokens: Readonly<Record<TokenName, string>>;
  /** Fingerprints of the two enterprises' authorities, which are their ids. */
  readonly authorities: Authorities;
}

/** The shortest life there is, for what must be expired. */
const shortLife = '1s';
const shortLifeMs = 1000;

/** Sets the stage. @throws Error when the API refuses, which it must not. */
export async function castOf(
  client: GatewayClient,
  operatorToken: string,
  clock: Clock,
): Promise<Cast> {
  const director = new Director(client);
  await director.enterprises();
  const cards = { ...(await director.devices()), ...(await director.claims()) };
  const groups = await director.groups();
  const authorities = await registerAuthorities(client, clock.nowMs());
  const certificates = await deviceCertificates(authorities, clock.nowMs());
  const tokens = await director.tokens(operatorToken);
  // What was issued for a second is to be over.
  await sleep(clock, shortLifeMs + 200);
  const asMachine = { clientId: deviceKey(own, machine), username: `${own}/${machine}` };
  return {
    cards: {
      ...(cards as Record<CardName, Card>),
      ...groups,
      ...certificates,
      'token operator': { ...asMachine, password: tokens.operator },
      'token enterprise': { ...asMachine, password: tokens.enterprise },
      nothing: { clientId: deviceKey(own, machine) },
    },
    tokens,
    authorities,
  };
}

class Director {
  readonly #client: GatewayClient;

  constructor(client: GatewayClient) {
    this.#client = client;
  }

  async enterprises(): Promise<void> {
    for (const id of [own, other]) {
      const text = id === other ? mark : id;
      await this.#post('/api/v1/enterprises', { id, name: { zh: text, en: text } });
      const signals = [{ name: 'force', type: 'float' }];
      const profile = { id: press, name: text, signals };
      await this.#post(`/api/v1/profiles?enterprise=${id}`, profile);
    }
  }

  async devices(): Promise<Record<string, Card>> {
    const cards: Record<string, Card> = {};
    for (const device of gateways) cards[device] = await this.#register(own, device, 'gateway');
    for (const device of devices) cards[device] = await this.#register(own, device);
    await this.#register(own, carried, 'device', { gateway: 'gate' });
    await this.#register(own, notCarried, 'device', { gateway: 'elsewhere' });
    await this.#register(other, 'gate', 'gateway');
    cards['other machine'] = await this.#register(other, machine);
    await this.#life('suspended', 'suspend');
    await this.#life('revoked', 'revoke');
    await this.#life('retired', 'decommission');
    return cards;
  }

  async claims(): Promise<Record<string, Card>> {
    const card = async (enterprise: string, id: string, more: object = {}): Promise<Card> => {
      const name = enterprise === other ? mark : id;
      const claim = { enterprise, id, name, devicesMax: 1000, ...more };
      const { secret } = await this.#post('/api/v1/claims', claim);
      return claimCredentials(enterprise, '{serial}', id, String(secret));
    };
    const revoked = await card(own, 'revoked');
    await this.#post(`/api/v1/claims/${own}.revoked/revoke`);
    return {
      'claim batch': await card(own, batch),
      'claim listed': await card(own, 'listed', { serials: [`${newcomer}-2`] }),
      'claim spent': await card(own, 'spent', { devicesMax: 1 }),
      'claim revoked': revoked,
      'claim expired': await card(own, 'expired', { expiresIn: shortLife }),
      'other claim': await card(other, batch),
    };
  }

  async groups(): Promise<Record<`group ${'line' | 'machine' | 'revoked'}` | 'other group', Card>> {
    const keyOf = async (enterprise: string, id: string): Promise<Buffer> => {
      const name = enterprise === other ? mark : id;
      const group = { enterprise, id, name, profile: 'generic' };
      const { groupKey } = await this.#post('/api/v1/groups', group);
      return Buffer.from(String(groupKey), 'base64');
    };
    const [own1, other1, revoked] = [
      await keyOf(own, line),
      await keyOf(other, line),
      await keyOf(own, 'revoked'),
    ];
    await this.#post(`/api/v1/groups/${own}.revoked/revoke`);
    const card = (key: Buffer, device: string): Card => ({
      clientId: deviceKey(own, device),
      username: `${own}/${device}`,
      password: groupSecret(key, device),
    });
    return {
      'group line': card(own1, derived),
      'group machine': card(own1, machine),
      'group revoked': card(revoked, underived),
      'other group': card(other1, underived),
    };
  }

  async tokens(operatorToken: string): Promise<Record<TokenName, string>> {
    const issue = async (role: string, enterprise: string | null = null, expiresIn = '1d') => {
      const { id, token } = await this.#post('/api/v1/tokens', { role, enterprise, expiresIn });
      return { id: String(id), text: String(token) };
    };
    const revoked = [await issue('enterprise', own), await issue('operator')] as const;
    for (const { id } of revoked) await this.#post(`/api/v1/tokens/${id}/revoke`);
    const viewer = await issue('viewer');
    return {
      operator: operatorToken,
      enterprise: (await issue('enterprise', own)).text,
      viewer: viewer.text,
      'scoped viewer': (await issue('viewer', own)).text,
      'no token': '',
      'forged token': `${viewer.text.slice(0, -4)}AAAA`,
      'expired token': (await issue('enterprise', own, shortLife)).text,
      'expired operator token': (await issue('operator', null, shortLife)).text,
      'revoked token': revoked[0].text,
      'revoked operator token': revoked[1].text,
      'token in the query': operatorToken,
      'token as a password': operatorToken,
    };
  }

  async #register(
    enterprise: string,
    device: string,
    kind: 'device' | 'gateway' = 'device',
    more: object = {},
  ): Promise<Card> {
    const serial = enterprise === other ? mark : `sn-${device}`;
    const profile = kind === 'gateway' ? {} : { profile: 'generic', serial };
    const body = { enterprise, device, kind, ...profile, ...more };
    const { clientId, password, username } = await this.#post('/api/v1/devices', body);
    return { clientId: String(clientId), username: String(username), password: String(password) };
  }

  async #life(device: string, event: string): Promise<void> {
    await this.#post(`/api/v1/devices/${own}.${device}/${event}`, { cause: 'isolation' });
  }

  async #post(path: string, body: object = {}): Promise<Record<string, unknown>> {
    return (await this.#client.post(path, body)) as Record<string, unknown>;
  }
}
