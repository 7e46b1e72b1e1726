/**
 * The traps of an MQTT broker that is open to a city, each with a test: identities, topics, wills.
 */

import { describe, expect, test } from 'vitest';
import { openPermissions } from '../../broker/topic-permissions.ts';
import { publishPacket } from '../helpers/raw-mqtt.ts';
import { device, open, own, reading, secret, start } from './harness.ts';

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
      const { port, door, refused } = await start();
      const bystander = await device(port, 'acme/press-2');
      const client = await device(port);
      client.send(publishPacket(Array(levels).fill('a').join('/'), reading));
      await client.waitForClose();
      const subscriber = await device(port, 'acme/press-3');
      const topic = Array(levels).fill('+').join('/');
      subscriber.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 0 }] });
      await subscriber.waitForClose();
      expect(refused[0]).toBe('topic.too-deep');
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
