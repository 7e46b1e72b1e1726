/**
 * Every attempt of the isolation suite, against a gateway as it is; and, so that the suite is known to
 * notice, against one whose broker is open and whose API takes every request for the operator's.
 */

import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { IsolationSuite, type Tried } from '../../benchmarks/isolation/suite.ts';
import type { GatewaySettingsInput } from '../../gateway/config.ts';
import { systemClock } from '../../model/clock.ts';
import { TestGateway } from '../helpers/gateway.ts';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(settings: GatewaySettingsInput): Promise<Tried> {
  const gateway = await TestGateway.start({ store: { kind: 'memory' }, ...settings });
  closers.push(() => gateway.stop());
  const { httpUrl, mqttPort, mqttTlsPort, operatorToken } = gateway.address;
  return { httpUrl, operatorToken, mqttPort: mqttPort!, tlsPort: mqttTlsPort! };
}

/** What has no answer where every door is open. */
const impatient = { settleMs: 500, answerMs: 500 };

/** An API that does not care whose token a request carries. */
async function careless({ httpUrl, operatorToken }: Tried): Promise<string> {
  const server: Server = createServer((asked, answer) => {
    const headers = { ...asked.headers, authorization: `Bearer ${operatorToken}` };
    const passed = request(
      new URL(asked.url!, httpUrl),
      { method: asked.method, headers },
      (got) => {
        answer.writeHead(got.statusCode!, got.headers);
        got.pipe(answer);
      },
    );
    passed.on('error', () => answer.destroy());
    answer.on('close', () => passed.destroy());
    asked.pipe(passed);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test.runIf(process.platform === 'linux')(
  'nobody gets where they do not belong, round after round',
  async () => {
    const tried = await start({ workers: 2, broker: { tlsPort: 0 } });
    const suite = await IsolationSuite.prepare(tried, systemClock);
    await suite.round();
    await suite.round();
    const report = await suite.end();
    expect(report).toMatchObject({ leaks: 0, unexpected: 0, examples: [], rounds: 2 });
    expect(report.kinds).toBeGreaterThan(1000);
    expect(report.probes).toBe(2 * report.kinds);
  },
  120_000,
);

test.runIf(process.platform === 'linux')(
  'open doors are noticed, over MQTT and HTTP, and in what is left behind',
  async () => {
    const tried = await start({ broker: { tlsPort: 0, access: 'open' } });
    const httpUrl = await careless(tried);
    const suite = await IsolationSuite.prepare({ ...tried, httpUrl }, systemClock, impatient);
    await suite.round();
    const { kinds, leaks, probes, unexpected } = await suite.end();
    const { traces } = suite.tally;
    // The rest comes to nothing for other reasons: what was revoked cannot be revoked again.
    expect(leaks - traces).toBeGreaterThan(kinds * 0.75);
    // Who may do something may; and a few detours lead nowhere at all.
    expect(probes - (leaks - traces) - unexpected).toBeLessThan(70);
    expect(traces).toBeGreaterThan(100);
  },
  120_000,
);
