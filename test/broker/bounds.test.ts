/** What a client may cost, and when a PUBACK leaves. */

import { describe, expect, test } from 'vitest';
import type { SessionPublish } from '../../broker/session.ts';
import { publishPacket } from '../helpers/raw-mqtt.ts';
import { device, open, own, reading, secret, start } from './harness.ts';

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

  test('QoS 0 beyond the bound is marked as excess and closes nobody', async () => {
    const held: SessionPublish[] = [];
    const { port, refused } = await start({
      onPublish: (publish) => held.push(publish),
      limits: { sessionInFlightMax: 50 },
    });
    const client = await device(port);
    for (let id = 1; id <= 200; id++) client.send(publishPacket(own, reading, { qos: 0 }));
    await expect.poll(() => held.length).toBe(200);
    expect(held.filter(({ excess }) => excess)).toHaveLength(150);
    expect(client.closed).toBe(false);
    expect(refused).toEqual([]);
  });

  test('one session too many is answered with code 3; who comes again is let in', async () => {
    const { port, refused } = await start({ sessionsMax: 2 });
    await device(port, 'acme/press-1');
    await device(port, 'acme/press-2');
    const third = await open(port);
    const credentials = { username: 'acme/press-3', password: Buffer.from(secret) };
    expect(await third.connect({ clientId: 'acme.press-3', ...credentials })).toBe(3);
    expect(refused).toEqual(['connect.busy']);
    await device(port, 'acme/press-1');
  });

  test('subscriptions of a session are bounded', async () => {
    const { port, refused } = await start({ limits: { sessionSubscriptionsMax: 5 } });
    const gateway = await device(port, 'acme/gw-1');
    const filters = Array.from({ length: 8 }, (_, i) => `onramp/v1/acme/d${i}/command`);
    const subscriptions = [...filters, filters[0]!].map((topic) => ({ topic, qos: 0 as const }));
    gateway.send({ cmd: 'subscribe', messageId: 1, subscriptions });
    const suback = await gateway.waitFor((packet) => packet.cmd === 'suback');
    expect((suback as { granted: number[] }).granted.filter((qos) => qos === 128)).toHaveLength(3);
    expect(refused).toEqual(Array(3).fill('subscribe.too-many'));
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
