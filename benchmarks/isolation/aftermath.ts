/** What can be seen after a round of attempts: nobody may have got through, whatever was answered. */

import type { GatewayClient } from '../gateway-client.ts';
import {
  carried,
  derived,
  gateways,
  machine,
  newcomer,
  none,
  notCarried,
  other,
  own,
  ownSignal,
  payloadMark,
  probeSignal,
} from './names.ts';
import type { Tally } from './outcome.ts';

type Row = Readonly<Record<string, unknown>>;

/** The registry as the probes must leave it, text by text. */
export type Picture = ReadonlyMap<string, string>;

/** Devices of `own` that only legitimate attempts of the suite bring about. */
const mayCome = (device: string): boolean => device.startsWith(newcomer) || device === derived;

/** Fields of a device that change with its session and its rows. */
const living = ['online', 'lastRowAt', 'lastRowAtMs'];
/** And those that change once, when it is first let in and first stored. */
const beginning = ['state', 'word', 'activatedAt', 'activatedAtMs'];

/** Reads what must stay as it is. */
export async function pictureOf(client: GatewayClient): Promise<Picture> {
  const picture = new Map<string, string>();
  const note = (what: string, { ...row }: Row, without: readonly string[] = []) => {
    const kept = Object.entries(row).filter(([name]) => !without.includes(name));
    picture.set(what, JSON.stringify(kept));
  };
  const list = async (path: string, without: readonly string[] = []) => {
    for (const row of await itemsOf(client, path)) note(`${path} ${idOf(row)}`, row, without);
  };
  for (const device of await itemsOf(client, `/api/v1/devices?enterprise=${own}&limit=1000`)) {
    if (mayCome(String(device.device))) continue;
    const blocked = device.word === 'blocked';
    note(`device ${idOf(device)}`, device, blocked ? [] : [...living, ...beginning]);
  }
  await list(`/api/v1/devices?enterprise=${other}&limit=1000`, living);
  for (const enterprise of [own, other, none]) {
    await list(`/api/v1/enterprises?enterprise=${enterprise}`, ['devices']);
    // A claim counts the devices it brings.
    await list(`/api/v1/claims?enterprise=${enterprise}`, enterprise === own ? ['devices'] : []);
    await list(`/api/v1/groups?enterprise=${enterprise}`, enterprise === own ? ['devices'] : []);
    await list(`/api/v1/authorities?enterprise=${enterprise}`);
    await list(`/api/v1/tokens?enterprise=${enterprise}`, ['lastUsedAt', 'lastUsedAtMs']);
  }
  await list(`/api/v1/audit?enterprise=${other}&limit=1000`);
  await list('/api/v1/trials?limit=1000');
  for (const row of await itemsOf(client, '/api/v1/profiles')) note(`profile ${idOf(row)}`, row);
  return picture;
}

/** Notes a leak for every difference. */
export function comparePictures(before: Picture, after: Picture, tally: Tally): void {
  for (const what of new Set([...before.keys(), ...after.keys()])) {
    const [was, is] = [before.get(what), after.get(what)];
    if (was !== is) tally.leaked(`${what} is ${is ?? 'gone'}, and was ${was ?? 'not there'}`);
  }
}

/** Refusals that a gateway of `own` is told of later, and whose letters are its own. */
const ownLetters = new Set(['reading.not-carried', 'reading.unknown-device']);

/** Notes rows and dead letters that no attempt may have brought about. */
export async function lookForTraces(client: GatewayClient, tally: Tally): Promise<void> {
  const quiet = [notCarried, 'listener', 'suspended', 'revoked', 'retired', ...gateways];
  for (const key of [...quiet.map((device) => `${own}.${device}`), `${other}.gate`]) {
    for (const { values } of await readings(client, key)) {
      tally.leaked(`${key} has a row: ${JSON.stringify(values)}`);
    }
  }
  for (const key of [`${own}.${machine}`, `${other}.${machine}`]) {
    const rows = await readings(client, key);
    const foreign = rows.filter(({ values }) => Object.hasOwn(values, probeSignal));
    if (foreign.length > 0) tally.leaked(`${key} has ${foreign.length} rows of others`);
  }
  for (const letter of await itemsOf(client, '/api/v1/dead-letters?limit=1000')) {
    const { code, device, enterprise, payload } = letter;
    if (enterprise === own && ownLetters.has(String(code))) continue;
    if (enterprise === other && String(payload).includes(payloadMark)) continue;
    if (enterprise !== own && enterprise !== other) continue;
    tally.leaked(`a dead letter of ${enterprise}.${device}: ${code}`);
  }
}

/** What must be in the store, or the suite proves nothing; null when something is missing. */
export async function controlRows(client: GatewayClient): Promise<string | null> {
  const publishing = ['prober', 'certified', 'renewed', carried, derived];
  for (const device of publishing) {
    const rows = await readings(client, `${own}.${device}`).catch(() => []);
    const mine = rows.some(({ values }) => Object.hasOwn(values, probeSignal));
    if (!mine) return `${own}.${device} published and has no row`;
  }
  return null;
}

/** True when both bystanders have a row of their own. */
export async function bystandersStored(client: GatewayClient): Promise<boolean> {
  for (const enterprise of [own, other]) {
    const rows = await readings(client, `${enterprise}.${machine}`);
    if (!rows.some(({ values }) => Object.hasOwn(values, ownSignal))) return false;
    const device = (await client.get(`/api/v1/devices/${enterprise}.${machine}`)) as Row;
    if (device.state !== 'active') return false;
  }
  return true;
}

async function readings(client: GatewayClient, key: string) {
  const path = `/api/v1/devices/${key}/readings?limit=10000`;
  return ((await client.get(path)) as { readings: { values: Row }[] }).readings;
}

async function itemsOf(client: GatewayClient, path: string): Promise<readonly Row[]> {
  return ((await client.get(path)) as { items: Row[] }).items;
}

function idOf({ enterprise, id, key }: Row): string {
  return String(key ?? id ?? enterprise);
}
