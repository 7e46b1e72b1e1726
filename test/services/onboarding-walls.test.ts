/**
 * Injected, with four workers: machines that claim and ask again, one client id on many connections at once, suspensions while a device
 * is connected, while it connects in a storm and while an import names it, `kill -9` of workers and
 * of the supervisor. Must hold: one session for each client id; who is suspended has none, and gets
 * none in any worker until it is resumed.
 */

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claimCredentials, provisioningTopic } from '../../model/dialects/native-provisioning.ts';
import { TestGateway } from '../helpers/gateway.ts';
import { publishPacket, RawMqtt } from '../helpers/raw-mqtt.ts';

interface Card {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly topic: string;
  readonly sample: string;
}

const later = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

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

async function register(device = 'press-1'): Promise<Card> {
  const body = { enterprise: 'acme', device, profile: 'generic' };
  return (await gateway.client.post('/api/v1/devices', body)) as Card;
}

/** A connection, and the return code of its CONNACK: null when it was closed instead. */
async function connect(card: Card): Promise<{ connection: RawMqtt; code: number | null }> {
  const connection = await RawMqtt.open(gateway.address.mqttPort!);
  connections.push(connection);
  const { clientId, password, username } = card;
  const code = await connection.connect({ clientId, username, password: Buffer.from(password) });
  return { connection, code };
}

const change = (event: 'suspend' | 'resume' | 'revoke', device = 'press-1') =>
  gateway.client.post(`/api/v1/devices/acme.${device}/${event}`, { cause: 'a test' });

const deviceNow = async (device = 'press-1') =>
  (await gateway.client.get(`/api/v1/devices/acme.${device}`)) as {
    state: string;
    online: boolean | null;
  };

const open = () => connections.filter(({ closed }) => !closed);

/** Waits until all four workers run, also after a kill. */
async function allWorkers(other: (pids: readonly number[]) => boolean = () => true) {
  const pids = async () => {
    try {
      return (await gateway.status()).workers.map(({ pid }) => pid);
    } catch {
      return [];
    }
  };
  await expect
    .poll(
      async () => {
        const now = await pids();
        return now.length === 4 && other(now);
      },
      { timeout: 60_000 },
    )
    .toBe(true);
}

describe('a client id', () => {
  test('on many connections at once, in all workers: one stays; the last one takes its place', async () => {
    const card = await register();
    const codes = await Promise.all(Array.from({ length: 32 }, () => connect(card)));
    expect(codes.filter(({ code }) => code === 0).length).toBeGreaterThan(0);
    await expect.poll(() => open().length, { timeout: 10_000 }).toBe(1);
    await later(500);
    expect(open()).toHaveLength(1);
    const { workers } = await gateway.status();
    expect(workers.filter(({ connects }) => connects > 0).length).toBeGreaterThan(1);
    for (let i = 0; i < 8; i++) {
      const { connection, code } = await connect(card);
      expect(code).toBe(0);
      await expect.poll(() => open().length, { timeout: 10_000 }).toBe(1);
      expect(open()).toEqual([connection]);
    }
    expect((await deviceNow()).online).toBe(true);
    await expect.poll(async () => (await gateway.status()).sessions, { timeout: 10_000 }).toBe(1);
  }, 60_000);
});

describe('a machine nobody has seen', () => {
  test('claims, asks again, comes back with its credential and is active with its first row', async () => {
    const claim = { enterprise: 'acme', id: 'batch', devicesMax: 8, profile: 'generic' };
    const { secret } = (await gateway.client.post('/api/v1/claims', claim)) as { secret: string };
    const serials = Array.from({ length: 8 }, (_, i) => `sn-${i}`);
    const ask = async (serial: string): Promise<Card> => {
      const credentials = claimCredentials('acme', serial, 'batch', secret);
      const { connection, code } = await connect({ ...credentials, topic: '', sample: '' });
      expect(code).toBe(0);
      const topic = (channel: 'request' | 'response') =>
        provisioningTopic({ enterprise: 'acme', serial, channel });
      connection.send({
        cmd: 'subscribe',
        messageId: 1,
        subscriptions: [{ topic: topic('response'), qos: 0 }],
      });
      await connection.waitFor(({ cmd }) => cmd === 'suback');
      connection.send(
        publishPacket(topic('request'), JSON.stringify({ serial }), { messageId: 2 }),
      );
      const answer = await connection.waitFor(({ cmd }) => cmd === 'publish');
      connection.close();
      return JSON.parse((answer as unknown as { payload: Buffer }).payload.toString()) as Card;
    };
    const first = await Promise.all(serials.map(ask));
    const second = await Promise.all(serials.map(ask));
    expect(second).toEqual(first);
    for (const card of first) {
      const { connection, code } = await connect(card);
      expect(code).toBe(0);
      connection.send(publishPacket(card.topic, card.sample));
      await connection.waitFor(({ cmd }) => cmd === 'puback');
    }
    const active = async () => {
      const { onboarding } = await gateway.status();
      return onboarding?.city.production;
    };
    const all = { registered: 8, activated: 8, connected: 8, online: 8 };
    await expect.poll(active, { timeout: 20_000 }).toEqual(all);
    expect(await deviceNow('sn-0')).toMatchObject({ state: 'active', online: true });
  }, 60_000);
});

describe('a suspended device', () => {
  test('loses its session in whichever worker it is, and is let in again when it is resumed', async () => {
    const card = await register();
    const closedMs: number[] = [];
    for (let round = 0; round < 10; round++) {
      const { connection, code } = await connect(card);
      expect(code).toBe(0);
      const startedMs = performance.now();
      const [entry] = await Promise.all([
        change('suspend'),
        connection.waitForClose().then(() => closedMs.push(performance.now() - startedMs)),
      ]);
      expect(entry).toMatchObject({ state: 'suspended' });
      // In four workers: whoever is asked refuses.
      const again = await Promise.all(Array.from({ length: 8 }, () => connect(card)));
      expect(again.map(({ code }) => code)).toEqual(Array(8).fill(5));
      await change('resume');
    }
    closedMs.sort((a, b) => a - b);
    const text = closedMs.map((ms) => ms.toFixed(1)).join(' ');
    process.stdout.write(`from the API call to the closed socket, ms: ${text}\n`);
  }, 60_000);

  test('stays out when workers and the supervisor are killed', async () => {
    const card = await register();
    const gone = await register('press-2');
    expect((await connect(card)).code).toBe(0);
    expect((await connect(gone)).code).toBe(0);
    await change('suspend');
    await change('revoke', 'press-2');
    await expect.poll(() => open().length).toBe(0);
    const { workers } = await gateway.status();
    const refused = async () => {
      for (const each of [card, gone]) {
        const answers = await Promise.all(Array.from({ length: 8 }, () => connect(each)));
        expect(answers.every(({ code }) => code !== 0)).toBe(true);
      }
    };
    for (const { pid } of workers.slice(0, 2)) process.kill(pid, 'SIGKILL');
    const killed = new Set(workers.slice(0, 2).map(({ pid }) => pid));
    await allWorkers((pids) => pids.every((pid) => !killed.has(pid)));
    await refused();
    gateway.killSupervisor();
    const before = new Set(workers.map(({ pid }) => pid));
    await allWorkers((pids) => pids.every((pid) => !before.has(pid)));
    await refused();
    await change('resume');
    expect((await connect(card)).code).toBe(0);
  }, 120_000);

  test('has no session left when it was connecting in a storm', async () => {
    const card = await register();
    for (let round = 0; round < 5; round++) {
      let storming = true;
      const storm = Array.from({ length: 12 }, async () => {
        while (storming) {
          const { connection } = await connect(card).catch(() => ({ connection: null }));
          await later(2);
          if (connection?.closed) connections.splice(connections.indexOf(connection), 1);
        }
      });
      await later(200);
      await change('suspend');
      await later(50);
      storming = false;
      await Promise.all(storm);
      await expect.poll(() => open().length, { timeout: 5000 }).toBe(0);
      expect((await connect(card)).code).toBe(5);
      await expect.poll(async () => (await deviceNow()).online, { timeout: 5000 }).toBe(false);
      expect((await deviceNow()).state).toBe('suspended');
      await change('resume');
      expect((await connect(card)).code).toBe(0);
      await expect.poll(async () => (await deviceNow()).online, { timeout: 5000 }).toBe(true);
    }
  }, 120_000);

  test('stays suspended when an import that is running names it', async () => {
    const card = await register();
    const { connection } = await connect(card);
    const rows = Array.from({ length: 30_000 }, (_, i) => `acme,d${i},generic`);
    rows.splice(15_000, 0, 'acme,press-1,generic');
    const imported = fetch(
      `${gateway.address.httpUrl}/api/v1/devices/import?existing=update&badRows=skip`,
      {
        method: 'POST',
        headers: {
          authorization: `Bearer ${gateway.address.operatorToken}`,
          'content-type': 'text/csv',
        },
        body: `enterprise,device,profile\n${rows.join('\n')}\n`,
      },
    );
    await later(150);
    await change('suspend');
    await connection.waitForClose();
    const report = (await (await imported).json()) as { committed: boolean; updated: number };
    expect(report).toMatchObject({ committed: true, updated: 1 });
    expect((await deviceNow()).state).toBe('suspended');
    expect((await connect(card)).code).toBe(5);
    await change('resume');
    expect((await connect(card)).code).toBe(0);
    const counts = async () => (await gateway.status()).onboarding?.city.production.registered;
    await expect.poll(counts, { timeout: 20_000 }).toBe(30_001);
  }, 120_000);
});
