import type { IConnectPacket, IPublishPacket, Packet } from 'mqtt-packet';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../helpers/eventually.ts';
import { obliging, ScriptedMqttServer } from '../../helpers/scripted-mqtt-server.ts';
import { ClientHarness } from './client-harness.ts';

let server: ScriptedMqttServer;
beforeEach(async () => {
  server = await ScriptedMqttServer.start();
});
afterEach(() => server.stop());

const publishes = (packets: readonly Packet[]): IPublishPacket[] =>
  packets.filter((packet) => packet.cmd === 'publish');

const seqs = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('a session', () => {
  it('begins with MQTT 3.1.1, clean, and the credentials of the moment', async () => {
    await ClientHarness.connect(server.port, { keepaliveS: 77 });
    const [connect] = server.received as [IConnectPacket];
    expect(connect).toMatchObject({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      keepalive: 77,
      clientId: 'e1.d1',
      username: 'e1/d1',
    });
    expect(connect.password!.toString()).toBe('secret');
  });

  it('delivers QoS 1 in order, each when its PUBACK has arrived', async () => {
    const harness = await ClientHarness.connect(server.port);
    for (const seq of seqs(1, 10)) expect(harness.publish(seq)).toBe(true);
    await eventually(() => harness.delivered).toEqual(seqs(1, 10));
    const received = publishes(server.received);
    expect(received.map(({ messageId }) => messageId)).toEqual(seqs(1, 10));
    expect(received.map(({ payload }) => payload.toString())).toEqual(
      seqs(1, 10).map((seq) => `reading ${seq}`),
    );
    expect(received.every(({ dup, retain, qos }) => !dup && !retain && qos === 1)).toBe(true);
    expect(harness.client.outstanding).toBe(0);
  });

  it('starts again at packet id 1 after 65535, never 0', async () => {
    const harness = await ClientHarness.connect(server.port);
    let next = 1;
    server.script = (packet, connection) => {
      obliging(packet, connection);
      if (packet.cmd === 'publish') {
        expect(packet.messageId).toBe(next);
        next = next === 65_535 ? 1 : next + 1;
      }
    };
    for (let seq = 1; seq <= 65_570; seq++) {
      while (!harness.publish(seq)) await new Promise((resolve) => setImmediate(resolve));
    }
    await eventually(() => harness.delivered.length).toBe(65_570);
    expect(next).toBe(36);
  });

  it('delivers QoS 0 when written, also what was published while offline', async () => {
    const harness = await ClientHarness.create({ url: `mqtt://127.0.0.1:${server.port}` });
    harness.publish(1, 0);
    expect(harness.delivered).toEqual([]);
    harness.client.connect();
    await eventually(() => harness.delivered).toEqual([1]);
    harness.publish(2, 0);
    expect(harness.delivered).toEqual([1, 2]);
    await eventually(() => publishes(server.received).map(({ qos }) => qos)).toEqual([0, 0]);
  });

  it('ends with DISCONNECT, or without an answer after the time for connecting', async () => {
    const polite = await ClientHarness.connect(server.port);
    polite.client.disconnect();
    expect(await polite.ended()).toBeNull();
    expect(server.received.at(-1)!.cmd).toBe('disconnect');

    const frozen = await ClientHarness.connect(server.port);
    server.connections.at(-1)!.socket.pause();
    frozen.client.disconnect();
    frozen.pass(29_000);
    expect(frozen.closed).toEqual([]);
    frozen.pass(2000);
    await frozen.ended();
  });

  it('answers QoS 1 messages from the server and sends other packets', async () => {
    server.script = (packet, connection) => {
      obliging(packet, connection);
      if (packet.cmd !== 'subscribe') return;
      connection.send({ cmd: 'suback', messageId: packet.messageId!, granted: [1] });
      const command = { topic: 'c', payload: 'stop', qos: 1, dup: false, retain: false } as const;
      connection.send({ cmd: 'publish', messageId: 9, ...command });
    };
    const harness = await ClientHarness.connect(server.port);
    harness.client.send({
      cmd: 'subscribe',
      messageId: 5,
      subscriptions: [{ topic: 'c', qos: 1 }],
    });
    await eventually(() => harness.packets.map(({ cmd }) => cmd)).toEqual(['suback', 'publish']);
    await eventually(() => server.received.at(-1)).toMatchObject({ cmd: 'puback', messageId: 9 });
  });
});

describe('the outbox', () => {
  it('has no more on the wire than allowed, and refuses the 33rd message', async () => {
    server.script = (packet, connection) => {
      if (packet.cmd !== 'publish') obliging(packet, connection);
    };
    const harness = await ClientHarness.connect(server.port, { inFlightMax: 4 });
    for (const seq of seqs(1, 32)) expect(harness.publish(seq)).toBe(true);
    expect(harness.publish(33)).toBe(false);
    harness.client.sweep(harness.clock.monotonicMs());
    await eventually(() => publishes(server.received)).toHaveLength(4);
    const [connection] = server.connections;
    connection!.send({ cmd: 'puback', messageId: 3 });
    connection!.send({ cmd: 'puback', messageId: 3 });
    connection!.send({ cmd: 'puback', messageId: 99 });
    connection!.send({ cmd: 'puback', messageId: 1 });
    await eventually(() => publishes(server.received)).toHaveLength(6);
    expect(harness.delivered).toEqual([3, 1]);
    expect(harness.client.outstanding).toBe(30);
    expect(publishes(server.received).map(({ messageId }) => messageId)).toEqual(seqs(1, 6));
  });

  it('sends what was not acknowledged again after a reconnect, the rest for the first time', async () => {
    server.script = (packet, connection) => {
      if (packet.cmd !== 'publish' || packet.messageId === 1) obliging(packet, connection);
    };
    const harness = await ClientHarness.connect(server.port, { inFlightMax: 4 });
    for (const seq of seqs(1, 8)) harness.publish(seq);
    await eventually(() => publishes(server.received)).toHaveLength(5);
    server.dropAll();
    expect(await harness.ended()).toEqual({ stage: 'session', code: expect.any(String) });
    expect(harness.client.connected).toBe(false);
    harness.publish(9);
    server.script = obliging;
    harness.client.connect();
    await eventually(() => harness.delivered).toEqual(seqs(1, 9));
    const again = publishes(server.connections[1]!.received);
    expect(again.map(({ dup }) => dup)).toEqual([true, true, true, true, ...Array(4).fill(false)]);
    expect(again.map(({ payload }) => payload.toString())).toEqual(
      seqs(2, 9).map((seq) => `reading ${seq}`),
    );
    expect(harness.written.filter((each) => each.again).map(({ seq }) => seq)).toEqual([
      2, 3, 4, 5,
    ]);
  });

  it('keeps QoS 0 messages while the server does not read, and no more than it holds', async () => {
    const harness = await ClientHarness.connect(server.port);
    const { socket } = server.connections[0]!;
    socket.pause();
    let published = 0;
    while (harness.publish(published + 1, 0, 'x'.repeat(100_000))) {
      published++;
      expect(published).toBeLessThan(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(harness.client.outstanding).toBe(32);
    expect(harness.delivered).toHaveLength(published - 32);
    socket.resume();
    await eventually(() => harness.delivered).toHaveLength(published);
    await eventually(() => publishes(server.received)).toHaveLength(published);
  });
});

describe('the keepalive', () => {
  it('pings only a session that is idle, and once at a time', async () => {
    server.script = (packet, connection) => {
      if (packet.cmd !== 'pingreq') obliging(packet, connection);
    };
    const pings = () => server.received.filter(({ cmd }) => cmd === 'pingreq').length;
    const harness = await ClientHarness.connect(server.port, { keepaliveS: 60 });
    for (const seq of seqs(1, 10)) {
      harness.pass(40_000);
      harness.publish(seq);
      await eventually(() => harness.delivered).toHaveLength(seq);
    }
    expect(pings()).toBe(0);
    harness.pass(44_000);
    harness.pass(1000);
    harness.pass(1000);
    await eventually(pings).toBe(1);
    harness.pass(50_000);
    server.connections[0]!.send({ cmd: 'pingresp' });
    await eventually(() => {
      harness.client.sweep(harness.clock.monotonicMs());
      return pings();
    }).toBe(2);
    harness.pass(61_000);
    expect(await harness.ended()).toEqual({ stage: 'session', code: 'timeout' });
  });
});

describe('a failure is classified', () => {
  async function failureOf(
    script: ScriptedMqttServer['script'],
    meanwhile: (harness: ClientHarness) => void = () => undefined,
  ) {
    server.script = script;
    const harness = await ClientHarness.create({ url: `mqtt://127.0.0.1:${server.port}` });
    harness.client.connect();
    await eventually(() => server.received.length).toBeGreaterThan(0);
    meanwhile(harness);
    return harness.ended();
  }

  it('refused', async () => {
    const { port } = server;
    await server.stop();
    const harness = await ClientHarness.create({ url: `mqtt://127.0.0.1:${port}` });
    harness.client.connect();
    expect(await harness.ended()).toEqual({ stage: 'tcp', code: 'refused' });
  });

  it.each([1, 2, 3, 4, 5])('CONNACK %i', async (returnCode) => {
    const failure = await failureOf((_, connection) => {
      connection.send({ cmd: 'connack', returnCode, sessionPresent: false });
    });
    expect(failure).toEqual({ stage: 'connack', code: String(returnCode) });
  });

  it('no CONNACK in time', async () => {
    const failure = await failureOf(
      () => undefined,
      (harness) => {
        harness.pass(29_000);
        expect(harness.closed).toEqual([]);
        harness.pass(2000);
      },
    );
    expect(failure).toEqual({ stage: 'connack', code: 'timeout' });
  });

  it('closed instead of a CONNACK', async () => {
    expect(await failureOf((_, { socket }) => socket.end())).toEqual({
      stage: 'connack',
      code: 'closed',
    });
  });

  it('reset in the session', async () => {
    const harness = await ClientHarness.connect(server.port);
    server.connections[0]!.socket.resetAndDestroy();
    expect(await harness.ended()).toEqual({ stage: 'session', code: 'reset' });
  });

  it('closed by the server in the session', async () => {
    const harness = await ClientHarness.connect(server.port);
    server.connections[0]!.socket.end();
    expect(await harness.ended()).toEqual({ stage: 'session', code: 'closed' });
  });

  it.each([
    ['bytes that are not MQTT', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a second CONNACK', Buffer.from([0x20, 2, 0, 0, 0x20, 2, 0, 0])],
    ['an impossible length', Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0xff])],
  ])('%s', async (_, bytes) => {
    const failure = await failureOf((__, { socket }) => socket.write(bytes));
    expect(failure).toMatchObject({ code: 'protocol-error' });
  });

  it('and the client can connect again after any of them', async () => {
    const harness = await ClientHarness.connect(server.port);
    server.connections[0]!.socket.write(Buffer.from([0, 0]));
    await harness.ended();
    harness.client.connect();
    await eventually(() => harness.connected).toBe(2);
    harness.publish(1);
    await eventually(() => harness.delivered).toEqual([1]);
  });
});
