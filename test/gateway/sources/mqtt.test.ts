/** The front door as a source: which device a publish speaks of, and in which order it arrives. */

import { afterEach, describe, expect, test } from 'vitest';
import { RuleBook } from '../../../gateway/pipeline/rule-book.ts';
import type { RegisteredDevice, RegistryReader } from '../../../gateway/registry/registry.ts';
import { DeviceDirectory } from '../../../gateway/sources/device-directory.ts';
import { MqttSource } from '../../../gateway/sources/mqtt.ts';
import type { SourceMessage } from '../../../gateway/sources/source.ts';
import { systemClock } from '../../../model/clock.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { publishPacket, RawMqtt } from '../../helpers/raw-mqtt.ts';

const secret = 'a secret of at least twenty characters';
const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function registered(key: string, more: Partial<RegisteredDevice> = {}): [string, RegisteredDevice] {
  const [enterprise = '', device = ''] = key.split('.');
  const entry = { enterprise, device, profile: 'generic', district: 'wujin', industry: '34' };
  const rest = { kind: 'device' as const, createdAtMs: 0, secretHash: secretHash(secret) };
  return [key, { ...entry, ...rest, ...more }];
}

async function start() {
  const devices = new Map([
    registered('acme.press-1'),
    registered('acme.gw-1', { kind: 'gateway' }),
    registered('acme.sub-1', { gateway: 'gw-1' }),
    registered('acme.sub-2', { gateway: 'gw-1' }),
    registered('acme.other', { gateway: 'gw-2' }),
  ]);
  const lookUps: string[] = [];
  const registry: RegistryReader = {
    async device(enterprise, device) {
      lookUps.push(`${enterprise}.${device}`);
      // The first look-up of a device takes longer than the next message.
      if (device === 'sub-1') await new Promise((resolve) => setTimeout(resolve, 50));
      return devices.get(`${enterprise}.${device}`) ?? null;
    },
    profile: async () => null,
    version: async () => 1,
    close: () => {},
  };
  const messages: SourceMessage[] = [];
  const source = new MqttSource({
    access: 'authenticated',
    listen: { host: '127.0.0.1', port: 0, reusePort: false, connectionsMax: 100 },
    sessionsMax: 100,
    directory: new DeviceDirectory(registry, new RuleBook(registry), systemClock),
    clock: systemClock,
  });
  const { port } = await source.start({
    accepting: true,
    submit: (message) => {
      messages.push(message);
      message.settle('durable');
    },
  });
  cleanups.push(() => source.stop());
  const connect = async (name: string, password = secret) => {
    const client = await RawMqtt.open(port ?? 0);
    cleanups.push(() => client.close());
    const [clientId, username] = [`acme.${name}`, `acme/${name}`];
    const code = await client.connect({ clientId, username, password: Buffer.from(password) });
    return { client, code };
  };
  return { connect, devices, lookUps, messages, source };
}

const topic = (device: string, channel = 'telemetry') => `onramp/v1/acme/${device}/${channel}`;

describe('a device', () => {
  test('speaks for itself and is looked up once, at CONNECT', async () => {
    const { connect, lookUps, messages, source } = await start();
    const { client, code } = await connect('press-1');
    expect(code).toBe(0);
    client.send(publishPacket(topic('press-1'), '{}', { messageId: 1 }));
    client.send(publishPacket(topic('press-1', 'event'), '{}', { messageId: 2 }));
    await client.waitFor((packet) => packet.cmd === 'puback' && packet.messageId === 2);
    expect(messages.map(({ channel }) => channel)).toEqual(['telemetry', 'event']);
    expect(messages[0]?.device).toMatchObject({ device: { device: 'press-1' } });
    expect(lookUps).toEqual(['acme.press-1']);
    expect(source.stats()).toMatchObject({ sessions: 1, connects: 1 });
  });

  test('with a wrong secret, or one registered a moment later, is refused, then let in', async () => {
    const { connect, devices, source } = await start();
    expect((await connect('press-1', 'wrong')).code).toBe(4);
    expect((await connect('new-1')).code).toBe(4);
    const [key, entry] = registered('acme.new-1');
    devices.set(key, entry);
    expect((await connect('new-1')).code).toBe(0);
    expect(source.stats().refusals['connect.bad-credentials']).toBe(2);
  });
});

describe('a gateway', () => {
  test('speaks for devices that name it; its messages keep their order', async () => {
    const { connect, lookUps, messages } = await start();
    const { client } = await connect('gw-1');
    const devices = ['sub-1', 'sub-2', 'sub-1', 'sub-2', 'sub-1'];
    client.send(
      ...devices.map((name, i) => publishPacket(topic(name), `${i}`, { messageId: i + 1 })),
    );
    await client.waitFor((packet) => packet.cmd === 'puback' && packet.messageId === 5);
    expect(messages.map(({ content }) => String(content))).toEqual(['0', '1', '2', '3', '4']);
    const acknowledged = client.received.flatMap((packet) =>
      packet.cmd === 'puback' ? [packet.messageId] : [],
    );
    expect(acknowledged).toEqual([1, 2, 3, 4, 5]);
    client.send(publishPacket(topic('sub-1'), '5', { messageId: 6 }));
    await client.waitFor((packet) => packet.cmd === 'puback' && packet.messageId === 6);
    expect(lookUps.filter((key) => key === 'acme.sub-1').length).toBeLessThanOrEqual(3);
  });

  test('for a device that names another gateway, or none, is dead-lettered, not believed', async () => {
    const { connect, messages } = await start();
    const { client } = await connect('gw-1');
    for (const [i, name] of ['other', 'press-1', 'nobody'].entries()) {
      client.send(publishPacket(topic(name), '{}', { messageId: i + 1 }));
      await client.waitFor((packet) => packet.cmd === 'puback' && packet.messageId === i + 1);
    }
    expect(messages.map(({ device }) => device)).toEqual([
      'reading.not-carried',
      'reading.not-carried',
      'reading.unknown-device',
    ]);
  });
});
