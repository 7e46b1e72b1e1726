/** Packets take effect in the order of their arrival, in whatever pieces they come. */

import fc from 'fast-check';
import mqtt, { type Packet } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import type { SessionPublish } from '../../broker/session.ts';
import { publishPacket } from '../helpers/raw-mqtt.ts';
import { device, open, own, reading, secret, start } from './harness.ts';

const command = 'onramp/v1/acme/press-1/command';
const connect = {
  cmd: 'connect',
  protocolId: 'MQTT',
  protocolVersion: 4,
  clean: true,
  keepalive: 60,
  clientId: 'acme.press-1',
  username: 'acme/press-1',
  password: Buffer.from(secret),
} as const;

/** Lets what was written arrive as a piece of its own. */
const arrival = () => new Promise((resolve) => setTimeout(resolve, 1));

describe('a stream of packets', () => {
  const packets: Packet[] = [
    connect,
    publishPacket(own, reading, { messageId: 1 }),
    { cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: command, qos: 0 }] },
    publishPacket(own, Buffer.alloc(300, 'x'), { messageId: 3, dup: true }),
    publishPacket(own, reading, { qos: 2, messageId: 4 }),
    { cmd: 'pubrel', messageId: 4 },
    publishPacket(own, reading, { qos: 0 }),
    { cmd: 'pingreq' },
    publishPacket(own, reading, { messageId: 5 }),
    { cmd: 'disconnect' },
  ];
  const bytes = Buffer.concat(packets.map((packet) => mqtt.generate(packet)));

  test('in any pieces has the same effect', { timeout: 60_000 }, async () => {
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(cuts, async (at) => {
        const { port, publishes, refused, door } = await start();
        const client = await open(port);
        client.socket.setNoDelay(true);
        const ends = [...at.sort((a, b) => a - b), bytes.length];
        for (let i = 0; i < ends.length; i++) {
          client.socket.write(bytes.subarray(ends[i - 1] ?? 0, ends[i]));
          await arrival();
        }
        await client.waitForClose();
        expect(publishes.map(({ qos, payload }) => [qos, payload.length])).toEqual([
          [1, reading.length],
          [1, 300],
          [2, reading.length],
          [0, reading.length],
          [1, reading.length],
        ]);
        expect(client.received.flatMap((packet) => acknowledged(packet, 'puback'))).toEqual([
          1, 3, 5,
        ]);
        expect(refused).toEqual([]);
        await expect.poll(() => door.sessionCount).toBe(0);
      }),
      { numRuns: 25 },
    );
  });

  test('byte by byte, too', async () => {
    const { port, publishes } = await start();
    const client = await open(port);
    client.socket.setNoDelay(true);
    for (const byte of bytes) {
      client.socket.write(Buffer.from([byte]));
      await arrival();
    }
    await client.waitForClose();
    expect(publishes).toHaveLength(5);
  });
});

test('a publish behind a DISCONNECT is not taken', async () => {
  const { port, publishes } = await start();
  const client = await device(port);
  client.send(publishPacket(own, reading), { cmd: 'disconnect' }, publishPacket(own, reading));
  await client.waitForClose();
  expect(publishes).toHaveLength(1);
});

test('what follows a CONNECT unasked waits for it, and is void when it is refused', async () => {
  const { port, publishes, refused } = await start();
  const client = await open(port);
  const many = Array.from({ length: 100 }, (_, i) =>
    publishPacket(own, reading, { messageId: i + 1 }),
  );
  client.send({ ...connect, password: Buffer.from('wrong') }, ...many);
  await client.waitForClose();
  expect(refused).toEqual(['connect.bad-credentials']);
  expect(publishes).toEqual([]);
});

test('a second CONNECT ends the session [MQTT-3.1.0-2], and what follows is not taken', async () => {
  const { port, publishes } = await start();
  const client = await device(port);
  client.send(connect, publishPacket(own, reading));
  await client.waitForClose();
  expect(publishes).toEqual([]);
});

test('a topic is judged anew when it is not the one before', async () => {
  const { port, publishes, refused } = await start();
  const client = await device(port);
  const others = own.replace('press-1', 'press-2');
  client.send(publishPacket(own, reading), publishPacket(others, reading, { messageId: 2 }));
  await client.waitForClose();
  expect(refused).toEqual(['topic.not-allowed']);
  expect(publishes).toHaveLength(1);
});

describe('acknowledgements', () => {
  /** A device of a door that settles nothing by itself. */
  async function unsettled(limits = {}) {
    const waiting: SessionPublish[] = [];
    const world = await start({ onPublish: (publish) => waiting.push(publish), limits });
    return { ...world, waiting, client: await device(world.port) };
  }

  test.each([1, 2] as const)(
    'leave in the order of arrival, whatever is settled first, at QoS %i [MQTT-4.6.0-2, -3]',
    async (qos) => {
      const order = fc.shuffledSubarray([0, 1, 2, 3, 4, 5], { minLength: 6 });
      await fc.assert(
        fc.asyncProperty(order, async (settled) => {
          const { waiting, client } = await unsettled();
          const ids = settled.map((place) => place + 1).sort();
          client.send(...ids.map((messageId) => publishPacket(own, reading, { qos, messageId })));
          await expect.poll(() => waiting.length).toBe(ids.length);
          for (const place of settled) waiting[place]!.settle('accept');
          const cmd = qos === 1 ? 'puback' : 'pubrec';
          await client.waitFor((packet) => acknowledged(packet, cmd).includes(6));
          expect(client.received.flatMap((packet) => acknowledged(packet, cmd))).toEqual(ids);
          client.close();
        }),
        { numRuns: 20 },
      );
    },
  );

  test('wait for no QoS 0 message, whose like need none', async () => {
    const { waiting, client } = await unsettled();
    client.send(publishPacket(own, reading, { qos: 0 }), publishPacket(own, reading));
    await expect.poll(() => waiting.length).toBe(2);
    waiting[1]!.settle('accept');
    expect(await client.waitFor(({ cmd }) => cmd === 'puback')).toMatchObject({ messageId: 1 });
  });

  test('that wait for their turn are in flight, of which there are only so many', async () => {
    const { waiting, client, refused } = await unsettled({ sessionInFlightMax: 3 });
    for (let messageId = 1; messageId <= 3; messageId++) {
      client.send(publishPacket(own, reading, { messageId }));
    }
    await expect.poll(() => waiting.length).toBe(3);
    waiting[1]!.settle('accept');
    waiting[2]!.settle('accept');
    client.send(publishPacket(own, reading, { messageId: 4 }));
    await client.waitForClose();
    expect(refused).toEqual(['publish.in-flight-exceeded']);
    expect(waiting).toHaveLength(3);
    expect(client.received.filter(({ cmd }) => cmd === 'puback')).toEqual([]);
  });

  test('free their places in flight when they leave', async () => {
    const { waiting, client } = await unsettled({ sessionInFlightMax: 2 });
    for (let round = 0; round < 3; round++) {
      const [first, second] = [2 * round + 1, 2 * round + 2];
      client.send(
        publishPacket(own, reading, { messageId: first }),
        publishPacket(own, reading, { messageId: second }),
      );
      await expect.poll(() => waiting.length).toBe(second);
      waiting[first]!.settle('accept');
      waiting[first - 1]!.settle('accept');
      await client.waitFor((packet) => acknowledged(packet, 'puback').includes(second));
    }
  });
});

test('whoever leaves the answers to its pings unread is closed', async () => {
  const { port, door } = await start();
  const client = await device(port);
  client.socket.pause();
  const pings = Buffer.alloc(2 * 32_768, Buffer.from([0xc0, 0x00]));
  // More answers than the buffers of the kernel hold.
  const flood = setInterval(() => client.socket.write(pings), 1);
  await expect.poll(() => door.sessionCount, { timeout: 20_000 }).toBe(0);
  clearInterval(flood);
}, 30_000);

function acknowledged(packet: Packet, cmd: string): number[] {
  return packet.cmd === cmd ? [packet.messageId as number] : [];
}
