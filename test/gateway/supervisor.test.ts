/**
 * Injected: a second `stop` while the first is under way, and after it; a launcher that vanishes
 * right after it asked to stop. Must hold: whoever asks is answered when everything is closed.
 */

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { expect, onTestFinished, test } from 'vitest';
import { GatewayClient } from '../../benchmarks/gateway-client.ts';
import type { ConnectionCard } from '../../gateway/api/connection-card.ts';
import { parseSettings } from '../../gateway/config.ts';
import { tryLockExclusive } from '../../gateway/data-folder/data-lock.ts';
import { paths } from '../../gateway/data-folder/paths.ts';
import { GatewayLauncher } from '../../gateway/processes/launcher.ts';
import type { FromSupervisor } from '../../gateway/processes/supervisor-process.ts';
import { type GatewayAddress, Supervisor } from '../../gateway/supervisor.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

function settings() {
  return parseSettings({
    data: temporaryFolder(),
    logLevel: 'silent',
    store: { kind: 'memory' },
    http: { port: 0 },
    broker: { port: 0, tlsPort: null },
  });
}

/** True when nobody uses the data folder any more. */
function released(data: string): boolean {
  const lock = tryLockExclusive(paths(data).gatewayLock);
  lock?.release();
  return lock !== null;
}

test('a supervisor that is told to stop twice stops once, and both wait for its end', async () => {
  const chosen = settings();
  const supervisor = new Supervisor(chosen);
  await supervisor.start();
  const ends: boolean[] = [];
  const stop = () => supervisor.stop().then(() => ends.push(released(chosen.data)));
  await Promise.all([stop(), stop()]);
  await stop();
  expect(ends).toEqual([true, true, true]);
}, 30_000);

test('a launcher that is told to stop twice answers both', async () => {
  const chosen = settings();
  const launcher = new GatewayLauncher({ settings: chosen });
  await launcher.start();
  await Promise.all([launcher.stop(), launcher.stop()]);
  await launcher.stop();
  expect(launcher.pid).toBeNull();
  expect(released(chosen.data)).toBe(true);
}, 30_000);

/** A device of its own sends one reading, which is stored when this resolves. */
async function storeOne({ httpUrl, operatorToken, mqttPort }: GatewayAddress): Promise<void> {
  const client = new GatewayClient(httpUrl, operatorToken);
  const id = { enterprise: 'acme', device: 'press-1', profile: 'generic' };
  const card = (await client.post('/api/v1/devices', id)) as ConnectionCard;
  const device = await mqtt.connectAsync(`mqtt://127.0.0.1:${mqttPort}`, {
    clientId: card.clientId,
    username: card.username,
    password: card.password,
  });
  await device.publishAsync(card.topic, card.sample, { qos: 1 });
  await device.endAsync();
  const stored = async () => (await client.summary()).readings.stored;
  await expect.poll(stored, { timeout: 20_000 }).toBe(1);
}

test('a supervisor whose launcher vanishes while it stops ends in order', async () => {
  const chosen = settings();
  const child = fork(
    new URL('../../gateway/processes/supervisor-process.ts', import.meta.url),
    [],
    {
      serialization: 'advanced',
    },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  child.send({ type: 'start', settings: chosen });
  const [message] = (await once(child, 'message')) as [FromSupervisor];
  if (message.type !== 'ready') throw new Error(message.message);
  await storeOne(message.address);
  const exit = once(child, 'exit');
  child.send({ type: 'stop' }, () => child.disconnect());
  expect(await exit).toEqual([0, null]);
  // Written near the end of stopping, when the worker is gone and its journal is shipped.
  const totals = readFileSync(join(chosen.data, 'shipped.json'), 'utf8');
  expect(JSON.parse(totals)).toMatchObject({ stored: 1 });
}, 30_000);
