/**
 * Commands over two workers, from HTTP to the device and back. Injected: devices in either worker,
 * one that moves to the other, one that does not listen, the end of a worker.
 * Must hold: each command reaches its device and no other; what became of it is shown.
 */

import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../helpers/eventually.ts';
import { TestGateway } from '../helpers/gateway.ts';

const devices = Array.from({ length: 12 }, (_, i) => `press-${i + 1}`);

/** A device that does what it is told, and says so. */
async function listen(gateway: TestGateway, device: string, password: string) {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${gateway.address.mqttPort}`, {
    clientId: `acme.${device}`,
    username: `acme/${device}`,
    password,
    protocolVersion: 4,
    reconnectPeriod: 0,
  });
  onTestFinished(() => client.endAsync(true));
  const topic = `onramp/v1/acme/${device}/command`;
  client.on('message', (to, payload) => {
    const { command, id } = JSON.parse(payload.toString());
    const reply = { id, did: command.do, heard: to };
    client.publish(`${topic}/reply`, JSON.stringify(reply), { qos: 1 });
  });
  return { client, subscribe: () => client.subscribeAsync(topic) };
}

test.skipIf(process.platform !== 'linux')(
  'commands reach devices in every worker, and their answers come back',
  async () => {
    const gateway = await TestGateway.start({ workers: 2 });
    onTestFinished(() => gateway.stop());
    const passwords = new Map<string, string>();
    for (const device of devices) {
      const body = { enterprise: 'acme', device, profile: 'generic' };
      const card = (await gateway.client.post('/api/v1/devices', body)) as { password: string };
      passwords.set(device, card.password);
      await (await listen(gateway, device, card.password)).subscribe();
    }
    const workers = async () => (await gateway.status()).workers.map(({ sessions }) => sessions);
    await eventually(async () => (await workers()).reduce((a, b) => a + b)).toBe(devices.length);
    expect(Math.min(...(await workers()))).toBeGreaterThan(0);

    const url = (device: string) => `/api/v1/devices/acme.${device}/commands`;
    const send = async (device: string, command: object) =>
      (await gateway.client.post(url(device), command)) as { id: string; state: string };
    const find = async (device: string, id: string) =>
      (await gateway.client.get(`${url(device)}/${id}`)) as Record<string, unknown>;

    /** What became of a command that is no longer on its way. */
    const settled = async (device: string, id: string) => {
      await eventually(async () => (await find(device, id)).state).not.toBe('sent');
      return find(device, id);
    };

    const sent = await Promise.all(devices.map((device) => send(device, { do: device })));
    for (const [i, device] of devices.entries()) {
      const { id, state } = sent[i]!;
      expect(state).toBe('sent');
      await eventually(() => find(device, id)).toMatchObject({
        state: 'answered',
        reply: { id, did: device, heard: `onramp/v1/acme/${device}/command` },
      });
    }

    // Connects again and again, to be in either worker; each time the command finds it.
    for (let times = 0; times < 6; times++) {
      const again = await listen(gateway, 'press-1', passwords.get('press-1')!);
      await eventually(async () =>
        settled('press-1', (await send('press-1', {})).id),
      ).toMatchObject({
        ...{ state: 'undelivered', code: 'device.not-subscribed' },
      });
      await again.subscribe();
      const { id } = await send('press-1', { do: times });
      await eventually(() => find('press-1', id)).toMatchObject({ reply: { did: times } });
    }

    await gateway.killWorker(0);
    await gateway.killWorker(1);
    await eventually(async () =>
      send('press-2', {}).then(
        () => 'sent',
        (error: Error) => /device\.\w+/.exec(error.message)?.[0],
      ),
    ).toBe('device.offline');
  },
  90_000,
);
