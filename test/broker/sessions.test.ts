/** Sessions as the gateway handles them: take-over, refusal at the last moment, messages to one client. */

import { describe, expect, test } from 'vitest';
import type { FrontDoorOptions, Refused } from '../../broker/front-door.ts';
import type { Session, SessionPublish } from '../../broker/session.ts';
import { publishPacket, type RawMqtt } from '../helpers/raw-mqtt.ts';
import { device, open, own, reading, secret, start } from './harness.ts';

const command = 'onramp/v1/acme/press-1/command';
const credentials = {
  clientId: 'acme.press-1',
  username: 'acme/press-1',
  password: Buffer.from(secret),
};

async function subscribe(client: RawMqtt, topic = command): Promise<void> {
  client.send({ cmd: 'subscribe', messageId: 9, subscriptions: [{ topic, qos: 0 }] });
  await client.waitFor((packet) => packet.cmd === 'suback');
}

/** Sessions that are open, and what happened to them in its order. */
function recorder() {
  const sessions: Session[] = [];
  const log: string[] = [];
  const options: Partial<FrontDoorOptions> = {
    onSessionOpen: (session) => {
      sessions.push(session);
      log.push(`opened ${sessions.length - 1}`);
      return null;
    },
    onSessionClose: (session, code) => {
      log.push(`closed ${sessions.indexOf(session)} ${code ?? ''}`.trim());
    },
  };
  return { sessions, log, options };
}

describe('taking over a client id', () => {
  test('ends the old session, says why, and then begins the new one', async () => {
    const { log, options, sessions } = recorder();
    const { port, door } = await start(options);
    const first = await device(port);
    const second = await device(port);
    await first.waitForClose();
    expect(log).toEqual(['opened 0', 'closed 0 session.taken-over', 'opened 1']);
    expect(door.sessionOf('acme.press-1')).toBe(sessions[1]);
    expect(sessions[1]?.number).not.toBe(sessions[0]?.number);
    second.send({ cmd: 'pingreq' });
    await second.waitFor((packet) => packet.cmd === 'pingresp');
  });

  test('of a session with subscriptions and a will leaves the new one in its place', async () => {
    const { log, options } = recorder();
    const { port, door, publishes } = await start(options);
    const will = {
      topic: 'onramp/v1/acme/press-1/event',
      payload: Buffer.from('{}'),
      qos: 1 as const,
      retain: false,
    };
    const first = await device(port, 'acme/press-1', { will });
    await subscribe(first);
    const second = await device(port);
    await first.waitForClose();
    await expect.poll(() => publishes.filter(({ isWill }) => isWill).length).toBe(1);
    second.send(publishPacket(own, reading));
    await second.waitFor((packet) => packet.cmd === 'puback');
    const third = await device(port);
    await second.waitForClose();
    expect(third.closed).toBe(false);
    expect(door.sessionCount).toBe(1);
    expect(log.filter((entry) => entry.startsWith('closed'))).toHaveLength(2);
  });

  test('a storm of the same client id leaves exactly one session', async () => {
    const { log, options } = recorder();
    const { port, door } = await start(options);
    const will = { topic: own, payload: Buffer.from(reading), qos: 0 as const, retain: false };
    const clients = await Promise.all(Array.from({ length: 30 }, () => open(port)));
    await Promise.all(
      clients.map((client, i) =>
        client.connect({ ...credentials, clean: i % 2 === 0, ...(i % 3 === 0 ? { will } : {}) }),
      ),
    );
    await expect.poll(() => clients.filter(({ closed }) => !closed).length).toBe(1);
    expect(door.sessionCount).toBe(1);
    const survivor = clients.find(({ closed }) => !closed);
    survivor?.send(publishPacket(own, reading));
    await survivor?.waitFor((packet) => packet.cmd === 'puback');
    const opened = log.filter((entry) => entry.startsWith('opened')).length;
    expect(log.filter((entry) => entry.startsWith('closed')).length).toBe(opened - 1);
  });
});

describe('a session that is shut out while it is let in', () => {
  test('and refused is told so in its CONNACK, and no end is told of it', async () => {
    const closes: Session[] = [];
    const refused: Refused[] = [];
    const { port, door } = await start({
      onSessionOpen: () => ({ accepted: false, code: 'device.suspended', returnCode: 5 }),
      onSessionClose: (session) => closes.push(session),
      onRefused: (refusal) => refused.push(refusal),
    });
    const client = await open(port);
    expect(await client.connect(credentials)).toBe(5);
    await client.waitForClose();
    expect(door.sessionCount).toBe(0);
    expect(closes).toEqual([]);
    expect(refused).toMatchObject([
      { code: 'device.suspended', session: null, attempt: { clientId: 'acme.press-1' } },
    ]);
  });

  test('and closed gets no CONNACK, and none of its publishes is taken', async () => {
    const { log, options } = recorder();
    const { port, door, publishes } = await start({
      ...options,
      onSessionOpen: (session) => {
        options.onSessionOpen?.(session);
        session.close('device.suspended');
        return null;
      },
    });
    const client = await open(port);
    const answer = client.connect(credentials);
    // Sent before the answer, as a client in a hurry may.
    client.send(publishPacket(own, reading), publishPacket(own, reading, { messageId: 2 }));
    expect(await answer).toBeNull();
    expect(client.received).toEqual([]);
    await expect.poll(() => log).toEqual(['opened 0', 'closed 0 device.suspended']);
    expect(publishes).toEqual([]);
    expect(door.sessionCount).toBe(0);
  });

  test('right after it was let in has at most a CONNACK, and no publish is taken', async () => {
    for (let turn = 0; turn < 20; turn++) {
      const { log, options } = recorder();
      const { port, publishes } = await start({
        ...options,
        onSessionOpen: (session) => {
          options.onSessionOpen?.(session);
          // Between the decision and the CONNACK lie some steps of the broker.
          let steps = turn;
          const step = (): void => {
            if (steps-- > 0) queueMicrotask(step);
            else session.close('device.suspended');
          };
          step();
          return null;
        },
      });
      const client = await open(port);
      client.connect(credentials).catch(() => {});
      client.send(publishPacket(own, reading));
      await client.waitForClose();
      expect(publishes).toEqual([]);
      await expect.poll(() => log).toEqual(['opened 0', 'closed 0 device.suspended']);
    }
  });
});

describe('ending a session by its number', () => {
  test('closes that one', async () => {
    const { log, options, sessions } = recorder();
    const { port, door } = await start(options);
    const one = await device(port, 'acme/press-1');
    const other = await device(port, 'acme/press-2');
    expect(door.sessionNumbered(-1)).toBeNull();
    door.sessionNumbered(sessions[0]!.number)?.close('session.taken-over');
    await one.waitForClose();
    expect(other.closed).toBe(false);
    await expect.poll(() => log.at(-1)).toBe('closed 0 session.taken-over');
    expect(door.sessionNumbered(sessions[0]!.number)).toBeNull();
  });
});

describe('a message to one client', () => {
  test('reaches it and nobody else, and only while it is subscribed', async () => {
    const { options, sessions } = recorder();
    const { port } = await start(options);
    const client = await device(port);
    const gateway = await device(port, 'acme/gw-1');
    await subscribe(gateway);
    expect(sessions[0]?.deliver(command, 'too early')).toBe(false);
    await subscribe(client);
    expect(sessions[0]?.deliver(command, 'now')).toBe(true);
    expect(sessions[0]?.deliver('onramp/v1/acme/press-2/command', 'elsewhere')).toBe(false);
    const got = await client.waitFor((packet) => packet.cmd === 'publish');
    expect(got).toMatchObject({ topic: command, qos: 0, retain: false });
    client.send({ cmd: 'unsubscribe', messageId: 10, unsubscriptions: [command] });
    await client.waitFor((packet) => packet.cmd === 'unsuback');
    expect(sessions[0]?.deliver(command, 'too late')).toBe(false);
    gateway.send({ cmd: 'pingreq' });
    await gateway.waitFor((packet) => packet.cmd === 'pingresp');
    for (const { received } of [client, gateway]) {
      const payloads = received.flatMap((packet) =>
        packet.cmd === 'publish' ? [String(packet.payload)] : [],
      );
      expect(payloads).toEqual(received === client.received ? ['now'] : []);
    }
  });

  test('who leaves too much unread is closed', async () => {
    const { log, options, sessions } = recorder();
    const { port } = await start(options);
    const client = await device(port);
    await subscribe(client);
    client.socket.pause();
    const payload = 'x'.repeat(10_000);
    for (let i = 0; i < 10_000 && !sessions[0]?.closed; i++) sessions[0]?.deliver(command, payload);
    expect(sessions[0]?.closed).toBe(true);
    await expect.poll(() => log.at(-1)).toBe('closed 0 publish.in-flight-exceeded');
    expect(sessions[0]?.deliver(command, payload)).toBe(false);
  });
});

describe('what is told of a refusal', () => {
  test('whose it was, and the topic', async () => {
    const refused: Refused[] = [];
    const { port } = await start({ onRefused: (refusal) => refused.push(refusal) });
    const client = await device(port);
    client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic: '#', qos: 0 }] });
    await client.waitFor((packet) => packet.cmd === 'suback');
    client.send(publishPacket('onramp/v1/rival/x/telemetry', reading));
    await client.waitForClose();
    const session = { principal: { enterprise: 'acme', subject: 'press-1' } };
    expect(refused).toMatchObject([
      { code: 'topic.not-allowed', detail: '#', session, attempt: null },
      { code: 'topic.not-allowed', detail: 'onramp/v1/rival/x/telemetry', session },
    ]);
  });

  test('a retained will is refused at CONNECT', async () => {
    const { port, refused } = await start();
    const client = await open(port);
    const will = { topic: own, payload: Buffer.from(reading), qos: 0 as const, retain: true };
    expect(await client.connect({ ...credentials, will })).toBe(5);
    expect(refused).toEqual(['topic.retained']);
  });
});

describe('a claim session', () => {
  const claim = async (publishes: SessionPublish[], more = {}) => {
    const running = await start({
      authenticate: async () => ({
        accepted: true,
        principal: { kind: 'claim', enterprise: 'acme', subject: 'sn-1', claim: 'batch' },
      }),
      onPublish: (publish) => {
        publishes.push(publish);
        publish.settle('accept');
      },
      ...more,
    });
    const client = await open(running.port);
    return { ...running, client };
  };

  test.each([
    ['telemetry', 'onramp/v1/acme/sn-1/telemetry'],
    ["another's request", 'onramp/v1/acme/provision/sn-2/request'],
  ])('that publishes %s is closed', async (_what, topic) => {
    const publishes: SessionPublish[] = [];
    const { client, refused } = await claim(publishes);
    expect(await client.connect({ clientId: 'acme.claim.sn-1' })).toBe(0);
    client.send(publishPacket(topic, reading));
    await client.waitForClose();
    expect(publishes).toEqual([]);
    expect(refused).toEqual(['claim.topic-not-allowed']);
  });

  test.each(['onramp/v1/acme/provision/+/response', 'onramp/v1/acme/provision/sn-2/response', '#'])(
    'that subscribes to %s is closed',
    async (topic) => {
      const { client, refused } = await claim([]);
      expect(await client.connect({ clientId: 'acme.claim.sn-1' })).toBe(0);
      client.send({ cmd: 'subscribe', messageId: 1, subscriptions: [{ topic, qos: 0 }] });
      await client.waitForClose();
      expect(client.received.some((packet) => packet.cmd === 'suback')).toBe(false);
      expect(refused).toEqual(['claim.topic-not-allowed']);
    },
  );

  test('with a retained request is closed; with a will it is not let in', async () => {
    const request = 'onramp/v1/acme/provision/sn-1/request';
    const { client, refused, port } = await claim([]);
    expect(await client.connect({ clientId: 'acme.claim.sn-1' })).toBe(0);
    client.send(publishPacket(request, '{}', { retain: true }));
    await client.waitForClose();
    const second = await open(port);
    const will = { topic: request, payload: Buffer.from('{}'), qos: 0 as const, retain: false };
    expect(await second.connect({ clientId: 'acme.claim.sn-1', will })).toBe(5);
    expect(refused).toEqual(['claim.retained', 'claim.topic-not-allowed']);
  });

  test('is not kept: one that comes again has no subscriptions of the one before', async () => {
    const response = 'onramp/v1/acme/provision/sn-1/response';
    const { client, port } = await claim([]);
    expect(await client.connect({ clientId: 'acme.claim.sn-1', clean: false })).toBe(0);
    await subscribe(client, response);
    client.send({ cmd: 'disconnect' });
    await client.waitForClose();
    const again = await open(port);
    expect(await again.connect({ clientId: 'acme.claim.sn-1', clean: false })).toBe(0);
    expect(again.received).toMatchObject([{ cmd: 'connack', sessionPresent: false }]);
  });
});
