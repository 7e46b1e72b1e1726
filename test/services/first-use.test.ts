/**
 * Injected: a second claim of the same serial at the moment the machine connects, in another
 * worker; `kill -9` of the supervisor as soon as CONNACK is there. Must hold: whoever was let in
 * keeps its identity.
 */

import { afterEach, beforeEach, expect, test } from 'vitest';
import { claimCredentials, provisioningTopic } from '../../model/dialects/native-provisioning.ts';
import { TestGateway } from '../helpers/gateway.ts';
import { publishPacket, RawMqtt } from '../helpers/raw-mqtt.ts';

let gateway: TestGateway;
let connections: RawMqtt[] = [];
beforeEach(async () => {
  gateway = await TestGateway.start({ workers: 4, store: { kind: 'memory' } });
});
afterEach(async () => {
  for (const connection of connections) connection.close();
  connections = [];
  await gateway.stop();
});

interface Answer {
  readonly status: string;
  readonly code?: string;
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
}

async function issue(id: string): Promise<string> {
  const claim = { enterprise: 'acme', id, devicesMax: 100, profile: 'generic' };
  return ((await gateway.client.post('/api/v1/claims', claim)) as { secret: string }).secret;
}

async function connect(credentials: { clientId: string; username: string; password: string }) {
  const connection = await RawMqtt.open(gateway.address.mqttPort!);
  connections.push(connection);
  const password = Buffer.from(credentials.password);
  return { connection, code: await connection.connect({ ...credentials, password }) };
}

/** A claim session that listens; call what it returns to ask. */
async function claimSession(serial: string, claim: string, secret: string) {
  const { connection, code } = await connect(claimCredentials('acme', serial, claim, secret));
  expect(code).toBe(0);
  const topic = (channel: 'request' | 'response') =>
    provisioningTopic({ enterprise: 'acme', serial, channel });
  const subscriptions = [{ topic: topic('response'), qos: 0 as const }];
  connection.send({ cmd: 'subscribe', messageId: 1, subscriptions });
  await connection.waitFor(({ cmd }) => cmd === 'suback');
  return async (): Promise<Answer> => {
    connection.send(publishPacket(topic('request'), JSON.stringify({ serial }), { messageId: 2 }));
    const answer = await connection.waitFor(({ cmd }) => cmd === 'publish', 20_000);
    return JSON.parse(String((answer as unknown as { payload: Buffer }).payload)) as Answer;
  };
}

const stateOf = async (device: string) =>
  ((await gateway.client.get(`/api/v1/devices/acme.${device}`)) as { state: string }).state;

test('nobody takes over an identity just after its first use', async () => {
  const [first, second] = [await issue('first'), await issue('second')];
  for (let round = 0; round < 25; round++) {
    const serial = `sn-${round}`;
    const card = await (await claimSession(serial, 'first', first))();
    const thief = await claimSession(serial, 'second', second);
    expect(card.status).toBe('ok');
    expect((await connect(card)).code).toBe(0);
    expect(await thief()).toMatchObject({ status: 'refused', code: 'claim.serial-taken' });
    expect((await connect(card)).code).toBe(0);
  }
}, 60_000);

test('one of the two is refused when the claim comes while the device connects', async () => {
  const [first, second] = [await issue('first'), await issue('second')];
  for (let round = 0; round < 25; round++) {
    const serial = `sn-${round}`;
    const card = await (await claimSession(serial, 'first', first))();
    const thief = await claimSession(serial, 'second', second);
    const [device, claimed] = await Promise.all([connect(card), thief()]);
    expect([device.code === 0, claimed.status]).toEqual([
      claimed.status === 'refused',
      device.code === 0 ? 'refused' : 'ok',
    ]);
  }
}, 60_000);

test('nobody does when the supervisor is killed right after CONNACK', async () => {
  const [first, second] = [await issue('first'), await issue('second')];
  const card = await (await claimSession('sn-1', 'first', first))();
  const before = (await gateway.status()).workers.map(({ pid }) => pid);
  expect((await connect(card)).code).toBe(0);
  gateway.killSupervisor();
  const isUp = async () => {
    try {
      const { workers } = await gateway.status();
      return workers.length === 4 && workers.every(({ pid }) => !before.includes(pid));
    } catch {
      return false;
    }
  };
  await expect.poll(isUp, { timeout: 60_000, interval: 200 }).toBe(true);
  expect(await stateOf('sn-1')).toBe('connected');
  const thief = await claimSession('sn-1', 'second', second);
  expect(await thief()).toMatchObject({ status: 'refused', code: 'claim.serial-taken' });
  expect((await connect(card)).code).toBe(0);
}, 120_000);
