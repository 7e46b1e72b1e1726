/** The front door as a source: which device a publish speaks of, in which order, and until when. */

import { describe, expect, test } from 'vitest';
import { publishPacket } from '../../helpers/raw-mqtt.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import type { WorldOptions } from './mqtt-world.ts';
import { acknowledged, World } from './mqtt-world.ts';

async function start(options: WorldOptions = {}): Promise<World> {
  const world = await World.start({
    // The first look-up of a device takes longer than the next message.
    onLookUp: async (key) => {
      if (key === 'acme.sub-1') await new Promise((resolve) => setTimeout(resolve, 50));
    },
    ...options,
  });
  world.add('acme.press-1');
  world.add('acme.gw-1', { kind: 'gateway' });
  world.add('acme.sub-1', { gateway: 'gw-1' });
  world.add('acme.sub-2', { gateway: 'gw-1' });
  world.add('acme.other', { gateway: 'gw-2' });
  return world;
}

const topic = (device: string, channel = 'telemetry') => `onramp/v1/acme/${device}/${channel}`;

describe('a device', () => {
  test('speaks for itself and is looked up once, at CONNECT', async () => {
    const world = await start();
    const { lookUps, messages, source } = world;
    const { client, code } = await world.connect('press-1');
    expect(code).toBe(0);
    client.send(publishPacket(topic('press-1'), '{}', { messageId: 1 }));
    client.send(publishPacket(topic('press-1', 'event'), '{}', { messageId: 2 }));
    await acknowledged(client, 2);
    expect(messages.map(({ channel }) => channel)).toEqual(['telemetry', 'event']);
    expect(messages[0]?.device).toMatchObject({ device: { device: 'press-1' } });
    expect(messages[0]?.session).toMatchObject({ closed: false });
    expect(lookUps).toEqual(['acme.press-1']);
    expect(source.stats()).toMatchObject({ sessions: 1, connects: 1 });
  });

  test('with a wrong secret, or one registered a moment later, is refused, then let in', async () => {
    const world = await start();
    expect((await world.connect('press-1', 'wrong')).code).toBe(4);
    expect((await world.connect('new-1')).code).toBe(4);
    world.add('acme.new-1');
    expect((await world.connect('new-1')).code).toBe(0);
    expect(world.source.stats().refusals['connect.bad-credentials']).toBe(2);
  });
});

describe('a gateway', () => {
  test('speaks for devices that name it; its messages keep their order', async () => {
    const world = await start();
    const { client } = await world.connect('gw-1');
    const devices = ['sub-1', 'sub-2', 'sub-1', 'sub-2', 'sub-1'];
    client.send(
      ...devices.map((name, i) => publishPacket(topic(name), `${i}`, { messageId: i + 1 })),
    );
    await acknowledged(client, 5);
    expect(world.messages.map(({ content }) => String(content))).toEqual(['0', '1', '2', '3', '4']);
    const order = client.received.flatMap((packet) =>
      packet.cmd === 'puback' ? [packet.messageId] : [],
    );
    expect(order).toEqual([1, 2, 3, 4, 5]);
    client.send(publishPacket(topic('sub-1'), '5', { messageId: 6 }));
    await acknowledged(client, 6);
    expect(world.lookUps.filter((key) => key === 'acme.sub-1').length).toBeLessThanOrEqual(3);
  });

  test('for a device that names another gateway, or none, is dead-lettered, not believed', async () => {
    const world = await start();
    const { client } = await world.connect('gw-1');
    for (const [i, name] of ['other', 'press-1', 'nobody'].entries()) {
      client.send(publishPacket(topic(name), '{}', { messageId: i + 1 }));
      await acknowledged(client, i + 1);
    }
    expect(world.messages.map(({ device }) => device)).toEqual([
      'reading.not-carried',
      'reading.not-carried',
      'reading.unknown-device',
    ]);
  });

  test.each([
    ['suspended', 'device.suspended'],
    ['revoked', 'device.revoked'],
    ['decommissioned', 'device.revoked'],
    ['expired', 'device.credential-expired'],
  ] as const)('for a device that is %s is dead-lettered with %s', async (state, code) => {
    const world = await start();
    world.add('acme.sub-2', { gateway: 'gw-1', state });
    const { client } = await world.connect('gw-1');
    client.send(publishPacket(topic('sub-2'), '{}'));
    await acknowledged(client, 1);
    expect(world.messages.map(({ device }) => device)).toEqual([code]);
  });

  test('is no longer believed for a device as soon as that is shut out', async () => {
    const world = await start();
    const { client } = await world.connect('gw-1');
    client.send(publishPacket(topic('sub-2'), '{}'));
    await acknowledged(client, 1);
    world.add('acme.sub-2', { gateway: 'gw-1', state: 'suspended' });
    world.source.shutOut('acme.sub-2', 'device.suspended');
    client.send(publishPacket(topic('sub-2'), '{}', { messageId: 2 }));
    await acknowledged(client, 2);
    expect(world.messages.at(-1)?.device).toBe('device.suspended');
    expect(client.closed).toBe(false);
  });

  test('a look-up under way when its device is shut out does not bring it back', async () => {
    let suspend = (): void => {};
    const world = await start({
      onLookUp: (key) => {
        if (key === 'acme.sub-2') suspend();
      },
    });
    const { client } = await world.connect('gw-1');
    suspend = () => {
      suspend = () => {};
      world.add('acme.sub-2', { gateway: 'gw-1', state: 'suspended' });
      world.source.shutOut('acme.sub-2', 'device.suspended');
    };
    for (const messageId of [1, 2]) {
      client.send(publishPacket(topic('sub-2'), '{}', { messageId }));
      await acknowledged(client, messageId);
    }
    const devices = world.messages.map(({ device }) => device);
    expect(devices).toEqual(['device.suspended', 'device.suspended']);
  });
});

describe('who is shut out', () => {
  test('loses the session, and neither its will nor what waits is stored', async () => {
    const world = await start();
    const will = { topic: topic('press-1', 'event'), payload: Buffer.from('{}'), qos: 1 as const };
    const { client } = await world.connect('press-1', undefined, {
      will: { ...will, retain: false },
    });
    const gateway = (await world.connect('gw-1')).client;
    gateway.send(publishPacket(topic('sub-1'), '{}'));
    await expect.poll(() => world.lookUps.includes('acme.sub-1')).toBe(true);
    world.source.shutOut('acme.press-1', 'device.revoked');
    world.source.shutOut('acme.gw-1', 'device.suspended');
    await client.waitForClose();
    await gateway.waitForClose();
    await expect
      .poll(() => [...world.turnedAway].sort())
      .toEqual(['device.revoked', 'device.suspended']);
    expect(world.messages).toEqual([]);
    const refusals = world.source.stats().refusals;
    expect(refusals).toMatchObject({ 'device.revoked': 1, 'device.suspended': 1 });
  });

  test('after the credential was looked up is not let in, and told so', async () => {
    const asked: [string, number][] = [];
    const before = performance.now();
    const world = await start({
      shutOut: (key, lookedUpAtMs) => {
        asked.push([key, lookedUpAtMs]);
        return 'device.suspended';
      },
    });
    const { code } = await world.connect('press-1');
    expect(code).toBe(5);
    expect(asked).toEqual([['acme.press-1', expect.any(Number)]]);
    expect(asked[0]?.[1]).toBeGreaterThanOrEqual(before);
    expect(world.changes).toEqual([]);
    expect(world.gate).toEqual([]);
    expect(world.source.stats()).toMatchObject({ sessions: 0, connects: 0 });
  });

  test('one session ends by its number, and no other', async () => {
    const world = await start();
    const one = (await world.connect('press-1')).client;
    const other = (await world.connect('gw-1')).client;
    const [opened] = world.changes;
    const number = opened && 'opened' in opened ? opened.opened : -1;
    world.source.endSession(number, 'session.taken-over');
    await one.waitForClose();
    expect(other.closed).toBe(false);
    await expect.poll(() => world.changes.at(-1)).toEqual({ closed: number });
    // Once more is nothing.
    world.source.endSession(number, 'session.taken-over');
  });
});

describe('sessions are reported', () => {
  test('of two sessions the later one opened later, though the clock was set back between', async () => {
    const clock = new VirtualClock();
    const world = await start({ clock });
    await world.connect('press-1');
    clock.advance(10);
    clock.stepWall(-3_600_000);
    await world.connect('press-1');
    const times = world.changes.flatMap((change) => ('opened' in change ? [change.atMs] : []));
    expect(times).toHaveLength(2);
    expect(times[1]).toBeGreaterThan(times[0]!);
  });

  test('as they open and end, a take-over in its order', async () => {
    const world = await start();
    await world.connect('press-1');
    const { client } = await world.connect('press-1');
    client.send({ cmd: 'disconnect' });
    await expect.poll(() => world.changes).toHaveLength(4);
    const numbers = world.changes.map((change) =>
      'opened' in change ? change.opened : -change.closed,
    );
    const [first = 0, , second = 0] = numbers;
    expect(numbers).toEqual([first, -first, second, -second]);
    expect(world.changes[0]).toMatchObject({ client: 'acme.press-1' });
    expect(world.gate).toEqual(['+acme', '-acme', '+acme', '-acme']);
    const told = world.events.map(({ kind, code }) => `${kind} ${code ?? ''}`.trim());
    expect(told).toEqual([
      'connected',
      'disconnected session.taken-over',
      'connected',
      'disconnected',
    ]);
  });

  test('one too many of an enterprise is answered with code 3 and never reported', async () => {
    const world = await start({ admitSession: () => 'enterprise.sessions-exceeded' });
    expect((await world.connect('press-1')).code).toBe(3);
    expect(world.changes).toEqual([]);
    expect(world.events).toMatchObject([
      { key: 'acme.press-1', kind: 'refused', code: 'enterprise.sessions-exceeded' },
    ]);
  });
});

describe('events of a device tell', () => {
  test('a wrong password, and a topic that is not its own', async () => {
    const world = await start();
    await world.connect('press-1', 'wrong');
    const { client } = await world.connect('press-1');
    const wrong = `onramp/v1/acme/press-2/${'x'.repeat(500)}`;
    client.send(publishPacket(wrong, '{}'));
    await client.waitForClose();
    await expect.poll(() => world.events.length).toBe(4);
    expect(world.events.map(({ key }) => key)).toEqual(Array(4).fill('acme.press-1'));
    expect(world.events).toMatchObject([
      { kind: 'refused', code: 'connect.bad-credentials' },
      { kind: 'connected' },
      { kind: 'refused', code: 'topic.not-allowed', detail: wrong.slice(0, 256) },
      { kind: 'disconnected', code: null },
    ]);
  });
});
