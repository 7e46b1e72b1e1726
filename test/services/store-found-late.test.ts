/**
 * Injected: a store that answers 503 when the gateway starts, then turns out to be something else,
 * then is mended. Must hold: devices are taken all the time; the status says what is wrong at the
 * moment; what waited is written when the store is there.
 */

import type { ServerResponse } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import { TestGateway } from '../helpers/gateway.ts';
import {
  answerJson,
  type ReceivedRequest,
  scriptedHttpServer,
} from '../helpers/scripted-http-server.ts';

const web = (_request: ReceivedRequest, response: ServerResponse) => answerJson(response, 200, {});
const down = (_request: ReceivedRequest, response: ServerResponse) => answerJson(response, 503);

/** As InfluxDB 1.x answers, as far as a gateway without rows to read asks. */
function influx({ path }: ReceivedRequest, response: ServerResponse): void {
  response.setHeader('x-influxdb-version', '1.6.7');
  if (path.startsWith('/query')) answerJson(response, 200, { results: [{ statement_id: 0 }] });
  else answerJson(response, 204);
}

test('a store found late and then wrong is tried until it is right', async () => {
  const server = await scriptedHttpServer(down);
  const store = { kind: 'influxdb' as const, url: server.url, database: 'onramp' };
  const gateway = await TestGateway.start({ store, logLevel: 'silent' });
  onTestFinished(() => gateway.stop());
  const unavailable = async () => (await gateway.status()).shipper.unavailable?.reason;
  expect(await unavailable()).toContain('store.unavailable');

  const { ledger } = await gateway.simulate({ devices: 5, duration: '2s' });
  const sent = [...ledger()].reduce((sum, entry) => sum + entry.sent, 0);
  server.play = web;
  await expect.poll(unavailable, { timeout: 30_000 }).toContain('store.unsupported');
  const { notReady, readings } = await gateway.status();
  expect(notReady).toEqual([]);
  expect(readings.waiting).toBeGreaterThan(0);
  const ready = await fetch(`${gateway.address.httpUrl}/readyz`);
  expect(ready.status).toBe(200);
  expect(await ready.json()).toMatchObject({ warnings: [expect.stringContaining('away')] });

  server.play = influx;
  await expect.poll(unavailable, { timeout: 60_000 }).toBeUndefined();
  expect((await gateway.settled()).readings).toMatchObject({ received: sent, stored: sent });
  expect(server.requests.some(({ path }) => path.startsWith('/write'))).toBe(true);
}, 120_000);
