/** Commands at the front door: to the session that wants them, and what devices reply. */

import { describe, expect, test } from 'vitest';
import type { SourceMessage } from '../../../gateway/sources/source.ts';
import { limits } from '../../../model/limits.ts';
import { publishPacket, type RawMqtt } from '../../helpers/raw-mqtt.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { acknowledged, subscribe, World } from './mqtt-world.ts';

const id = '0123456789abcdef';
const topic = (device: string, channel = 'command') => `onramp/v1/acme/${device}/${channel}`;
const commandFor = (device: string, client = `acme.${device}`) => ({
  ...{ id, client, enterprise: 'acme', device },
  payload: `{"id":"${id}","command":{"on":true}}`,
});

async function start(clock?: VirtualClock) {
  const world = await World.start({ ...(clock && { clock }) });
  world.add('acme.press-1');
  world.add('acme.gw-1', { kind: 'gateway' });
  return world;
}

const arrived = (client: RawMqtt) => client.waitFor(({ cmd }) => cmd === 'publish');

describe('a command', () => {
  test('reaches the session that has subscribed, and that is told', async () => {
    const world = await start();
    const { client } = await world.connect('press-1');
    await subscribe(client, topic('press-1'));
    const command = commandFor('press-1');
    world.source.command(command);
    const packet = await arrived(client);
    expect(packet).toMatchObject({ topic: topic('press-1'), qos: 0 });
    expect(String((packet as { payload: Buffer }).payload)).toBe(command.payload);
    expect(world.outcomes).toEqual([{ id, kind: 'delivered' }]);
  });

  test('reaches a device through its gateway', async () => {
    const world = await start();
    const { client } = await world.connect('gw-1');
    await subscribe(client, topic('sub-1'));
    world.source.command(commandFor('sub-1', 'acme.gw-1'));
    expect(await arrived(client)).toMatchObject({ topic: topic('sub-1') });
  });

  test('is undelivered where nobody has subscribed, or the session is gone', async () => {
    const world = await start();
    world.source.command(commandFor('press-1'));
    const { client } = await world.connect('press-1');
    world.source.command(commandFor('press-1'));
    await subscribe(client, topic('press-1'));
    client.send({ cmd: 'unsubscribe', messageId: 7, unsubscriptions: [topic('press-1')] });
    await client.waitFor(({ cmd }) => cmd === 'unsuback');
    world.source.command(commandFor('press-1'));
    expect(world.outcomes).toEqual([
      { id, kind: 'undelivered', code: 'device.offline' },
      { id, kind: 'undelivered', code: 'device.not-subscribed' },
      { id, kind: 'undelivered', code: 'device.not-subscribed' },
    ]);
  });
});

describe('a reply', () => {
  test('is told with whose it is, whoever speaks for the device', async () => {
    const world = await start();
    const reply = `{"id":"${id}","ok":true}`;
    for (const [name, device] of [
      ['press-1', 'press-1'],
      ['gw-1', 'sub-1'],
    ] as const) {
      const { client } = await world.connect(name);
      client.send(publishPacket(topic(device, 'command/reply'), reply, { messageId: 1 }));
      expect(await acknowledged(client, 1)).toBe(true);
    }
    const common = { id, kind: 'reply', enterprise: 'acme', reply };
    expect(world.outcomes).toEqual([
      { ...common, device: 'press-1', by: 'press-1' },
      { ...common, device: 'sub-1', by: 'gw-1' },
    ]);
    expect(world.messages).toEqual([]);
  });

  test.each([
    ['not JSON', 'ok', 'not JSON'],
    ['null', 'null', '"id"'],
    ['a list', `[{"id":"${id}"}]`, 'not an object'],
    ['without an id', '{"ok":true}', '"id"'],
    ['with an id that is none', '{"id":"../../x"}', '"id"'],
    ['too large', `{"id":"${id}","x":"${'x'.repeat(limits.commandBytesMax)}"}`, 'at most'],
  ])('that is %s is refused; the session goes on', async (_what, payload, detail) => {
    const world = await start();
    const { client } = await world.connect('press-1');
    client.send(publishPacket(topic('press-1', 'command/reply'), payload, { messageId: 1 }));
    expect(await acknowledged(client, 1)).toBe(true);
    expect(world.outcomes).toEqual([]);
    expect(world.source.stats().refusals).toEqual({ 'payload.not-a-reply': 1 });
    const refused = world.events.filter(({ kind }) => kind === 'refused');
    expect(refused).toMatchObject([{ key: 'acme.press-1', code: 'payload.not-a-reply' }]);
    if (!/JSON/.test(detail)) expect(refused[0]?.detail).toContain(detail);
  });

  test('is acknowledged behind the readings before it, whether it is one or not', async () => {
    const waiting: SourceMessage[] = [];
    const world = await World.start({ submit: (message) => waiting.push(message) });
    world.add('acme.press-1');
    const { client } = await world.connect('press-1');
    const publish = (channel: string, payload: string, messageId: number) =>
      publishPacket(topic('press-1', channel), payload, { messageId });
    client.send(
      publish('telemetry', '{"values":{"power":1}}', 5),
      publish('command/reply', `{"id":"${id}"}`, 6),
      publish('command/reply', 'no reply', 7),
      publish('telemetry', '{"values":{"power":2}}', 8),
    );
    // What the reply says is not held up.
    await expect.poll(() => [world.outcomes.length, waiting.length]).toEqual([1, 2]);
    client.send({ cmd: 'pingreq' });
    await client.waitFor(({ cmd }) => cmd === 'pingresp');
    const pubacks = () => client.received.filter(({ cmd }) => cmd === 'puback');
    expect(pubacks()).toEqual([]);
    for (const message of waiting) message.settle('durable');
    expect(await acknowledged(client, 8)).toBe(true);
    expect(pubacks().map(({ messageId }) => messageId)).toEqual([5, 6, 7, 8]);
  });

  test('comes only so often from one session', async () => {
    const clock = new VirtualClock();
    const world = await start(clock);
    const { client } = await world.connect('press-1');
    const reply = (messageId: number) =>
      publishPacket(topic('press-1', 'command/reply'), `{"id":"${id}"}`, { messageId });
    const burst = limits.commandRepliesBurstMax;
    for (let i = 1; i <= burst + 3; i++) client.send(reply(i));
    await acknowledged(client, burst + 3);
    expect(world.outcomes).toHaveLength(burst);
    expect(world.source.stats().refusals).toEqual({ 'device.replies-exceeded': 3 });
    clock.advance(1000);
    client.send(reply(900));
    await acknowledged(client, 900);
    expect(world.outcomes).toHaveLength(burst + 1);
  });
});
