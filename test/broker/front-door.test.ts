/**
 * The traps of an MQTT broker that is open to a city, each with a test: what a hostile or clumsy
 * client does, and that the front door and everybody else are still there afterwards.
 */

import { afterEach, describe, expect, test } from 'vitest';
import type { ConnectAttempt } from '../../broker/access.ts';
import { FrontDoor, type FrontDoorOptions } from '../../broker/front-door.ts';
import type { SessionPublish } from '../../broker/session.ts';
import { nativePermissions, openPermissions } from '../../broker/topic-permissions.ts';
import type { ErrorCode } from '../../model/errors.ts';
import { publishPacket, RawMqtt } from '../helpers/raw-mqtt.ts';

const secret = 'correct horse battery staple';
const own = 'onramp/v1/acme/press-1/telemetry';
const reading = '{"values":{"power":1}}';

interface Running {
  port: number;
  door: FrontDoor;
  publishes: SessionPublish[];
  refused: ErrorCode[];
  attempts: ConnectAttempt[];
}

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(options: Partial<FrontDoorOptions> = {}): Promise<Running> {
  const publishes: SessionPublish[] = [];
  const refused: ErrorCode[] = [];
  const attempts: ConnectAttempt[] = [];
  const door = new FrontDoor({
    access: 'authenticated',
    permissions: nativePermissions,
    authenticate: async (attempt) => {
      attempts.push(attempt);
      const [enterprise = '', subject = ''] = (attempt.username ?? '').split('/');
      if (attempt.password?.toString() !== secret) {
        return { accepted: false, code: 'connect.bad-credentials', returnCode: 5 };
      }
      if (attempt.clientId !== `${enterprise}.${subject}`) {
        return { accepted: false, code: 'connect.client-id-mismatch', returnCode: 2 };
      }
      const kind = subject.startsWith('gw') ? 'gateway' : 'device';
      return { accepted: true, principal: { kind, enterprise, subject } };
    },
    onPublish: (publish) => {
      publishes.push(publish);
      publish.settle(publish.qos === 0 ? 'discard' : 'accept');
    },
    onRefused: (code) => refused.push(code),
    acceptsSessions: () => true,
    ...options,
  });
  const { port } = await door.start({
    host: '127.0.0.1',
    port: 0,
    reusePort: false,
    connectionsMax: 1000,
  });
  cleanups.push(() => door.stop());
  return { port, door, publishes, refused, attempts };
}

async function open(port: number): Promise<RawMqtt> {
  const client = await RawMqtt.open(port);
  cleanups.push(() => client.close());
  return client;
}

async function device(port: number, name = 'acme/press-1', more = {}): Promise<RawMqtt> {
  const client = await open(port);
  const code = await client.connect({
    clientId: name.replace('/', '.'),
    username: name,
    password: Buffer.from(secret),
    ...more,
  });
  expect(code).toBe(0);
  return client;
}

describe('identity', () => {
  test('a wrong password is refused with code 5 and counted', async () => {
    const { port, refused } = await start();
    const client = await open(port);
    const code = await client.connect({
      clientId: 'acme.press-1',
      username: 'acme/press-1',
      password: Buffer.from('wrong'),
    });
    expect(code).toBe(5);
    expect(refused).toEqual(['connect.bad-credentials']);
  });

  test("nobody takes over another's client id", async () => {
    const { port, refused, door } = await start();
    const victim = await device(port, 'acme/press-1');
    const thief = await open(port);
    const code = await thief.connect({
      clientId: 'acme.press-1',
      username: 'rival/press-9',
      password: Buffer.from(secret),
    });
    expect(code).toBe(2);
    expect(refused).toEqual(['connect.client-id-mismatch']);
    expect(victim.closed).toBe(false);
    expect(door.sessionCount).toBe(1);
  });

  test('the newer session of the same device wins [MQTT-3.1.4-2]', async () => {
    const { port, door } = await start();
    const first = await device(port);
    const second = await device(port);
    await first.waitForClose();
    expect(second.closed).toBe(false);
    expect(door.sessionCount).toBe(1);
  });

  test('names of object members are ordinary client ids', async () => {
    const { port, door } = await start();
    await device(port, '__proto__/constructor');
    expect(door.sessionCount).toBe(1);
  });

  test('MQTT 5 is refused with code 1', async () => {
    const { port, refused } = await start();
    const client = await open(port);
    // A CONNECT of MQTT 5, by hand: the test's own client speaks 3.1.1.
    client.socket.write(
      Buffer.from([0x10, 14, 0, 4, 0x4d, 0x51, 0x54, 0x54, 5, 2, 0, 60, 0, 0, 1, 0x61]),
    );
    const connack = await client.waitFor((packet) => packet.cmd === 'connack');
    expect(connack).toMatchObject({ returnCode: 1 });
    expect(refused).toContain('connect.protocol-version');
  });

  test('a full gateway answers code 3', async () => {
    const { port, refused } = await start({ acceptsSessions: () => false });
    const client = await open(port);
    const code = await client.connect({
      clientId: 'acme.press-1',
      username: 'acme/press-1',
      password: Buffer.from(secret),
    });
    expect(code).toBe(3);
    expect(refused).toEqual(['connect.busy']);
  });

  test('a client that leaves while its credential is looked up leaves nothing behind', async () => {
    let release: () => void = () => {};
    const waiting = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { port, door } = await start({
      authenticate: async () => {
        await waiting;
        return { accepted: true, principal: { kind: 'device', enterprise: 'acme', subject: 'a' } };
      },
    });
    const client = await open(port);
    client.connect({ clientId: 'acme.a' }).catch(() => {});
    await new Promise((resolve) => setTimeout(resolve, 50));
    client.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    release();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(door.sessionCount).toBe(0);
  });

  test('an authentication that fails for reasons of our own answers code 3', async () => {
    const { port } = await start({
      authenticate: async () => {
        throw new Error('the registry is locked');
      },
    });
    const client = await open(port);
    expect(await client.connect({ clientId: 'acme.a' })).toBe(3);
  });
});

describe('topics', () => {
  test.each([
    ['another device', 'onramp/v1/acme/press-2/telemetry'],
    ['another enterprise', 'onramp/v1/rival/press-1/telemetry'],
    ['the reserved command topic', 'onramp/v1/acme/press-1/command'],
    ['anything else', 'spBv1.0/acme/NDATA/press-1'],
    ['$SYS, which disconnects others in a bare aedes', '$SYS/x/new/clients'],
  ])('publishing to %s closes the session', async (_what, topic) => {
    const { port, refused, publishes } = await start();
    const client = await device(port);
    client.send(publishPacket(topic, 'acme.press-1'));
    await client.waitForClose();
    expect(refused).toEqual(['topic.not-allowed']);
    expect(publishes).toHaveLength(0);
    expect(client.received.some((packet) => packet.cmd === 'puback')).toBe(false);
  });

  test("a gateway publishes for devices of its own enterprise, not for another's", async () => {
    const { port, publishes } = await start();
    const gateway = await device(port, 'acme/gw-1');
    gateway.send(publishPacket('onramp/v1/acme/press-7/telemetry', reading));
    await gateway.waitFor((packet) => packet.cmd === 'puback');
    expect(publishes).toHaveLength(1);
    gateway.send(publishPacket('onramp/v1/rival/press-7/telemetry', reading, { messageId: 2 }));
    await gateway.waitForClose();
    expect(publishes).toHaveLength(1);
  });

  test.each([
    '#',
    '+/+/+/+/+',
    '$SYS/#',
    own,
    'onramp/v1/acme/+/command',
    'onramp/v1/rival/press-1/command',
  ])('subscribing to %s is refused', async (topic) => {
    const { port } = await start();
    const client = await device(port);
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 0 }] });
    const suback = await client.waitFor((packet) => packet.cmd === 'suback');
    expect(suback).toMatchObject({ granted: [128] });
  });

  test('a device subscribes to its own commands', async () => {
    const { port } = await start();
    const client = await device(port);
    const topic = 'onramp/v1/acme/press-1/command';
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 1 }] });
    const suback = await client.waitFor((packet) => packet.cmd === 'suback');
    expect(suback).toMatchObject({ granted: [1] });
  });

  test('retained telemetry is refused', async () => {
    const { port, refused } = await start();
    const client = await device(port);
    client.send(publishPacket(own, reading, { retain: true }));
    await client.waitForClose();
    expect(refused).toEqual(['topic.retained']);
  });

  test.each([9, 101, 5000])(
    'a topic of %i levels closes its session and nothing else',
    async (levels) => {
      const { port, door } = await start();
      const bystander = await device(port, 'acme/press-2');
      const client = await device(port);
      client.send(publishPacket(Array(levels).fill('a').join('/'), reading));
      await client.waitForClose();
      const subscriber = await device(port, 'acme/press-3');
      const topic = Array(levels).fill('+').join('/');
      subscriber.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 0 }] });
      await subscriber.waitForClose();
      expect(bystander.closed).toBe(false);
      expect(door.sessionCount).toBe(1);
    },
  );
});

describe('wills', () => {
  test("a will on another's topic refuses the CONNECT", async () => {
    const { port, refused } = await start();
    const client = await open(port);
    const code = await client.connect({
      clientId: 'acme.press-1',
      username: 'acme/press-1',
      password: Buffer.from(secret),
      will: { topic: 'onramp/v1/rival/x/event', payload: Buffer.from('x'), qos: 1, retain: false },
    });
    expect(code).toBe(5);
    expect(refused).toEqual(['topic.not-allowed']);
  });

  test('a will on its own event topic is handed on when the connection breaks', async () => {
    const { port, publishes } = await start();
    const will = {
      topic: 'onramp/v1/acme/press-1/event',
      payload: Buffer.from('{}'),
      qos: 1,
      retain: false,
    };
    const client = await device(port, 'acme/press-1', { will });
    client.close();
    await expect.poll(() => publishes.map(({ topic }) => topic)).toEqual([will.topic]);
  });
});

describe('bounds', () => {
  test('a packet beyond the limit is refused before it is collected', async () => {
    const { port, refused } = await start({ limits: { packetBytesMax: 10_000 } });
    const client = await device(port);
    // Only the header: a remaining length of 200 MB that never comes.
    client.socket.write(Buffer.from([0x32, 0x80, 0x90, 0xaf, 0x5f]));
    await client.waitForClose();
    expect(refused).toEqual(['packet.too-large']);
  });

  test('a CONNECT is bounded more tightly than a publish', async () => {
    const { port, refused } = await start();
    const client = await open(port);
    client.socket.write(Buffer.from([0x10, 0xff, 0xff, 0x07]));
    await client.waitForClose();
    expect(refused).toEqual(['packet.too-large']);
  });

  test('a packet below the limit passes in pieces', async () => {
    const { port, publishes } = await start();
    const client = await device(port);
    const payload = Buffer.alloc(100_000, 'x');
    client.send(publishPacket(own, payload));
    await client.waitFor((packet) => packet.cmd === 'puback');
    expect(publishes[0]?.payload.length).toBe(100_000);
  });

  test('what waits for its acknowledgement is bounded for each session', async () => {
    const held: SessionPublish[] = [];
    const { port, refused, door } = await start({
      onPublish: (publish) => held.push(publish),
      limits: { sessionInFlightMax: 50 },
    });
    const bystander = await device(port, 'acme/press-2');
    const client = await device(port);
    for (let id = 1; id <= 500; id++) client.send(publishPacket(own, reading, { messageId: id }));
    await client.waitForClose();
    expect(held.length).toBeLessThanOrEqual(50);
    expect(refused[0]).toBe('publish.in-flight-exceeded');
    expect(bystander.closed).toBe(false);
    expect(door.sessionCount).toBe(1);
    // Settling what belonged to a session that is gone harms nobody.
    for (const publish of held) publish.settle('accept');
  });

  test('a connection without a CONNECT is closed', async () => {
    const { port } = await start({ limits: { connectTimeoutMs: 100 } });
    const client = await open(port);
    await client.waitForClose();
  });

  test('garbage closes its connection and nothing else', async () => {
    const { port, refused, door } = await start();
    const bystander = await device(port, 'acme/press-2');
    for (const bytes of [
      [0x00, 0x00],
      [0xff, 0xff, 0xff, 0xff, 0xff],
      [0x10, 2, 1, 1],
    ]) {
      const client = await open(port);
      client.socket.write(Buffer.from(bytes));
      await client.waitForClose();
    }
    expect(refused).toContain('connect.protocol-error');
    expect(bystander.closed).toBe(false);
    expect(door.sessionCount).toBe(1);
  });
});

describe('acknowledgement', () => {
  test('a PUBACK leaves only when the publish is settled', async () => {
    const held: SessionPublish[] = [];
    const { port } = await start({ onPublish: (publish) => held.push(publish) });
    const client = await device(port);
    client.send(publishPacket(own, reading, { messageId: 7 }));
    await expect.poll(() => held.length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(client.received.some((packet) => packet.cmd === 'puback')).toBe(false);
    held[0]?.settle('accept');
    expect(await client.waitFor((packet) => packet.cmd === 'puback')).toMatchObject({
      messageId: 7,
    });
  });

  test('twenty publishes of one chunk may wait, and the session reads on afterwards', async () => {
    const held: SessionPublish[] = [];
    const { port } = await start({ onPublish: (publish) => held.push(publish) });
    const client = await device(port);
    client.send(
      ...Array.from({ length: 20 }, (_, i) => publishPacket(own, reading, { messageId: i + 1 })),
    );
    await expect.poll(() => held.length).toBe(20);
    for (const publish of held.splice(0)) publish.settle('accept');
    client.send({ cmd: 'pingreq' });
    await client.waitFor((packet) => packet.cmd === 'pingresp');
    const ids = client.received.flatMap((packet) =>
      packet.cmd === 'puback' ? [packet.messageId] : [],
    );
    expect(ids).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  });

  test('QoS 2 is handed on once it may be acknowledged, and completes', async () => {
    const { port, publishes } = await start();
    const client = await device(port);
    client.send(publishPacket(own, reading, { qos: 2, messageId: 3 }));
    await client.waitFor((packet) => packet.cmd === 'pubrec');
    client.send({ cmd: 'pubrel', messageId: 3 });
    await client.waitFor((packet) => packet.cmd === 'pubcomp');
    expect(publishes).toHaveLength(1);
  });

  test('closing a session with withheld publishes leaves them unacknowledged', async () => {
    const held: SessionPublish[] = [];
    const { port, refused } = await start({ onPublish: (publish) => held.push(publish) });
    const client = await device(port);
    client.send(publishPacket(own, reading));
    await expect.poll(() => held.length).toBe(1);
    held[0]?.settle({ close: 'publish.ack-wait-exceeded' });
    await client.waitForClose();
    expect(client.received.some((packet) => packet.cmd === 'puback')).toBe(false);
    expect(refused).toEqual(['publish.ack-wait-exceeded']);
  });
});

describe('the open mode', () => {
  test('anyone publishes and subscribes anywhere, retained messages included', async () => {
    const { port } = await start({
      access: 'open',
      permissions: openPermissions,
      authenticate: async ({ clientId }) => ({
        accepted: true,
        principal: { kind: 'open', enterprise: '', subject: clientId },
      }),
    });
    const publisher = await open(port);
    expect(await publisher.connect({ clientId: 'p' })).toBe(0);
    publisher.send(publishPacket('a/b', 'hello', { retain: true }));
    await publisher.waitFor((packet) => packet.cmd === 'puback');
    const subscriber = await open(port);
    expect(await subscriber.connect({ clientId: 's' })).toBe(0);
    subscriber.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: 'a/#', qos: 1 }] });
    const got = await subscriber.waitFor((packet) => packet.cmd === 'publish');
    expect(got).toMatchObject({ topic: 'a/b', retain: true });
  });
});
