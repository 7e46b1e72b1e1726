/**
 * The live page as a visitor has it: built by Vite, served by a real gateway, shown by a real
 * Chromium, while a real device sends.
 */

import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Snapshot } from '../../dashboards/live/snapshot.ts';
import { pagesFolder } from '../../gateway/api/pages.ts';
import type { DirectoryCounts } from '../../gateway/registry/registry.ts';
import type { KeptDeadLetter } from '../../gateway/shipping/dead-letters.ts';
import type { GatewayStatus } from '../../gateway/status.ts';
import { errorTable } from '../../model/errors.ts';
import { Browser } from '../helpers/browser.ts';
import { TestGateway } from '../helpers/gateway.ts';
import { requireProgram } from '../helpers/services.ts';

const chromium = requireProgram('chromium');

/** The page has its own type of a snapshot: the compiler proves that the gateway sends no less. */
type Sent = GatewayStatus & {
  readonly registry: DirectoryCounts | null;
  readonly deadLetters:
    | readonly Pick<KeptDeadLetter, keyof NonNullable<Snapshot['deadLetters']>[number]>[]
    | null;
};
const asRead: (sent: Sent) => Snapshot = (sent) => sent;

interface Card {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly topic: string;
  readonly sample: string;
}

describe.skipIf(chromium === null)('the live page', () => {
  let gateway: TestGateway;
  let browser: Browser;
  let card: Card;
  let device: MqttClient;

  const text = (selector: string) =>
    browser.evaluate<string>(
      `document.querySelector(${JSON.stringify(selector)})?.textContent ?? ''`,
    );
  const shows = (selector: string, expected: string) =>
    browser.until(
      `document.querySelector(${JSON.stringify(selector)})?.textContent.includes(${JSON.stringify(expected)})`,
    );
  const send = (message: object) =>
    device.publishAsync(card.topic, JSON.stringify(message), { qos: 1 });

  beforeAll(async () => {
    await build({ root: join(pagesFolder, '..'), logLevel: 'error' });
    gateway = await TestGateway.start({ store: { kind: 'memory' }, simulated: true });
    const { httpUrl, operatorToken, mqttPort } = gateway.address;
    const response = await fetch(`${httpUrl}/api/v1/devices`, {
      method: 'POST',
      headers: { authorization: `Bearer ${operatorToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        enterprise: 'trial',
        device: 'meter-1',
        profile: 'power-meter',
        district: 'tianning',
        industry: '38',
      }),
    });
    expect(response.status).toBe(201);
    card = (await response.json()) as Card;
    const { clientId, username, password } = card;
    device = await connectAsync({
      host: '127.0.0.1',
      port: mqttPort!,
      clientId,
      username,
      password,
    });
    browser = await Browser.start(chromium!, { width: 1920, height: 1080 });
  });

  afterAll(async () => {
    await browser?.close();
    await device?.endAsync(true);
    await gateway?.stop();
  });

  test('shows what the gateway has stored, refused and why', async () => {
    const { values } = JSON.parse(card.sample) as { values: Record<string, unknown> };
    for (let seq = 0; seq < 7; seq++) await send({ seq, ts: Date.now() + seq, values });
    await send({ seq: 7, ts: Date.now() + 7, values: { ...values, nonsense: 1 } });
    await device.publishAsync(card.topic, '{not json', { qos: 1 });
    await gateway.settled();

    const { httpUrl, operatorToken } = gateway.address;
    await browser.open(`${httpUrl}/?lang=en#token=${operatorToken}`);
    await shows('#stored-total', '8');
    const sent = asRead((await gateway.client.summary()) as unknown as Sent);
    expect(sent.readings).toMatchObject({ received: 9, stored: 8, deadLettered: 1 });
    expect(await text('tr.received .number')).toBe('9');
    expect(await text('tr.deadLettered .number')).toBe('1');
    expect(await text('tr.sum')).toContain('✓ equals received');
    expect(await text('.devices .hero')).toBe('1');
    expect(await text('.at-tianning')).toContain('1 devices');
    await shows('.refusals', 'payload.not-json');
    expect(await text('.refusals')).toContain(errorTable['payload.not-json'].en);
    await shows('.dead-letters', 'trial.meter-1');
    expect(await text('.simulated')).toBe('SIMULATED 模拟数据');
  });

  test('follows while a device sends', async () => {
    const { values } = JSON.parse(card.sample) as { values: Record<string, unknown> };
    await send({ seq: 8, ts: Date.now() + 1000, values });
    await shows('#stored-total', '9');
  });

  test('speaks Chinese at the press of a button', async () => {
    await browser.evaluate(`document.querySelector('.languages button').click()`);
    await shows('.ledger', '每条读数去了哪里?');
    await shows('.refusals', errorTable['payload.not-json'].zh);
    expect(await browser.evaluate('document.documentElement.lang')).toBe('zh-CN');
  });

  test.each([
    [1920, 1080],
    [3840, 2160],
    [1366, 768],
    [390, 844],
  ])('nothing overflows at %d × %d, in any language', async (width, height) => {
    await browser.resize({ width, height });
    for (const index of [0, 1, 2]) {
      await browser.evaluate(`document.querySelectorAll('.languages button')[${index}].click()`);
      const overflowing = await browser.evaluate<string[]>(`
        [...document.querySelectorAll('#page *')]
          .filter((element) => element.clientWidth > 0 && getComputedStyle(element).display !== 'inline')
          .filter((element) => element.scrollWidth > element.clientWidth + 1)
          .map((element) => element.tagName + '.' + element.className)`);
      expect(overflowing).toEqual([]);
      const cut = await browser.evaluate<string[]>(`
        [...document.querySelectorAll('.panel')]
          .filter((panel) => panel.scrollHeight > panel.clientHeight + 1)
          .map((panel) => panel.className)`);
      expect(cut).toEqual([]);
      expect(await browser.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(
        width,
      );
    }
  });

  test('keeps the token out of the address, and asks nobody else for anything', async () => {
    const { httpUrl, operatorToken } = gateway.address;
    expect(await browser.evaluate('location.href')).not.toContain(operatorToken);
    const elsewhere = browser.requests.filter((url) => !url.startsWith(`${httpUrl}/`));
    expect(elsewhere).toEqual([]);
    expect(browser.requests.some((url) => url.includes('/api/v1/live'))).toBe(true);
    expect(browser.requests.some((url) => url.includes(operatorToken))).toBe(false);
    expect(browser.problems).toEqual([]);
  });

  test('without a token it asks for one, and says when it is refused', async () => {
    await browser.evaluate('sessionStorage.clear()');
    await browser.open(`${gateway.address.httpUrl}/?lang=zh`);
    await shows('form', '请输入运营令牌');
    await browser.evaluate(`
      document.querySelector('input').value = 'wrong';
      document.querySelector('form').requestSubmit();`);
    await shows('.problem', '网关不接受此令牌');
    await browser.evaluate(`
      document.querySelector('input').value = ${JSON.stringify(gateway.address.operatorToken)};
      document.querySelector('form').requestSubmit();`);
    await shows('#stored-total', '9');
  });

  test('says that its numbers are stale when the gateway is gone', async () => {
    await gateway.launcher.stop();
    await browser.until(
      `document.querySelector('#page.stale') && !document.querySelector('.veil').hidden`,
    );
    await shows('.veil', '数据已停止更新');
    await shows('.connection', '连接中断,正在重连');
  });
});
