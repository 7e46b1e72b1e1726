/**
 * Injected: a second gateway on the same data folder, a port that is taken, several workers, the
 * open mode, TLS. Must hold: a clear error with its code, nobody harmed; devices are served.
 */

import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { afterEach, expect, test } from 'vitest';
import { type GatewaySettingsInput, parseSettings } from '../../gateway/config.ts';
import { GatewayLauncher } from '../../gateway/processes/launcher.ts';
import { TestGateway } from '../helpers/gateway.ts';
import { freePort } from '../helpers/services.ts';

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(settings: GatewaySettingsInput): Promise<TestGateway> {
  const gateway = await TestGateway.start({ store: { kind: 'memory' }, ...settings });
  cleanups.push(() => gateway.stop());
  return gateway;
}

const other = (settings: GatewaySettingsInput) =>
  new GatewayLauncher({
    settings: parseSettings({
      logLevel: 'silent',
      store: { kind: 'memory' },
      http: { port: 0 },
      ...settings,
    }),
  }).start();

test('a second gateway on the same data folder is refused, the first goes on', async () => {
  const gateway = await start({});
  const second = other({ data: gateway.data, broker: { port: 0, tlsPort: null } });
  await expect(second).rejects.toMatchObject({ code: 'config.data-folder-busy' });
  expect((await gateway.status()).notReady).toEqual([]);
});

test('a port that is taken is named', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as { port: number };
  const data = mkdtempSync(join(tmpdir(), 'onramp-busy-'));
  cleanups.push(() => rmSync(data, { recursive: true, force: true }));
  for (const workers of [1, 2]) {
    const refused = other({ data, workers, broker: { port, tlsPort: null } });
    await expect(refused).rejects.toMatchObject({
      code: 'config.port-busy',
      details: [expect.stringContaining(String(port))],
    });
  }
}, 60_000);

test('two workers share the port, and one that dies is replaced', async () => {
  const gateway = await start({ workers: 2 });
  const played = gateway.simulate({ devices: 40, duration: '8s', interval: '200ms' });
  const { workers: before } = await gateway.ready();
  await gateway.killWorker();
  const ledger = await gateway.settle(await played);
  expect(ledger).toMatchObject({ lost: 0, duplicated: 0 });
  expect(ledger.acked).toBe(ledger.sent);
  const { workers, workerRestarts } = await gateway.status();
  expect(workers.map(({ index }) => index)).toEqual([0, 1]);
  expect(workers[0]!.pid).not.toBe(before[0]!.pid);
  expect(workers[1]!.pid).toBe(before[1]!.pid);
  expect(workerRestarts).toBe(1);
}, 60_000);

test('TLS: a device that trusts the shown certificate connects; keys are for their owner only', async () => {
  const tlsPort = await freePort();
  const gateway = await start({ broker: { tlsPort } });
  const card = (await gateway.client.post('/api/v1/devices', {
    enterprise: 'acme',
    device: 'press-1',
    profile: 'generic',
  })) as { clientId: string; username: string; password: string; topic: string; sample: string };
  const ca = readFileSync(join(gateway.data, 'tls', 'cert.pem'));
  const client = await mqtt.connectAsync(`mqtts://localhost:${tlsPort}`, { ...card, ca });
  cleanups.push(() => client.endAsync());
  await client.publishAsync(card.topic, card.sample, { qos: 1 });
  expect((await gateway.settled()).readings.stored).toBe(1);
  for (const secret of ['operator.token', 'tls/key.pem']) {
    const path = join(gateway.data, secret);
    expect(existsSync(path)).toBe(true);
    expect(statSync(path).mode & 0o077).toBe(0);
  }
}, 60_000);

test('the open mode: anyone publishes to anyone', async () => {
  const gateway = await start({ broker: { access: 'open' } });
  const url = `mqtt://127.0.0.1:${gateway.address.mqttPort}`;
  const subscriber = await mqtt.connectAsync(url);
  const publisher = await mqtt.connectAsync(url);
  cleanups.push(() => Promise.all([subscriber.endAsync(), publisher.endAsync()]));
  await subscriber.subscribeAsync('plant/#', { qos: 1 });
  const got = new Promise((resolve) =>
    subscriber.once('message', (topic, payload) => resolve(`${topic} ${payload}`)),
  );
  await publisher.publishAsync('plant/a', 'hello', { qos: 1 });
  expect(await got).toBe('plant/a hello');
}, 60_000);
