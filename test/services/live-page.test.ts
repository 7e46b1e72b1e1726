/**
 * The live page as a visitor has it: built by Vite, served by a real gateway, shown by a real
 * Chromium, while a real device sends.
 */

import { join } from 'node:path';
import { connectAsync, type MqttClient } from 'mqtt';
import { build } from 'vite';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serverEvents } from '../../dashboards/live/event-stream.ts';
import { type Stage, stages } from '../../dashboards/live/funnel.ts';
import { parseSnapshot, type Snapshot } from '../../dashboards/live/snapshot.ts';
import { pagesFolder } from '../../gateway/api/pages.ts';
import { countDefinitions } from '../../gateway/api/place-counts.ts';
import type { KeptDeadLetter } from '../../gateway/shipping/dead-letters.ts';
import type { GatewayStatus } from '../../gateway/status/status.ts';
import { districts } from '../../model/enterprise.ts';
import { errorTable } from '../../model/errors.ts';
import { Browser } from '../helpers/browser.ts';
import { TestGateway } from '../helpers/gateway.ts';
import { requireProgram } from '../helpers/services.ts';

const chromium = requireProgram('chromium');

/** The page has its own type of a snapshot: the compiler proves that the gateway sends no less. */
type Sent = GatewayStatus & {
  readonly deadLetters:
    | readonly Pick<KeptDeadLetter, keyof NonNullable<Snapshot['deadLetters']>[number]>[]
    | null;
};
const asRead: (sent: Sent) => Snapshot = (sent) => sent;

/** `sent` with as much on board as the page must have room for. */
function wholeCity(sent: Snapshot): Snapshot {
  const nested = (registered: number) => ({
    registered,
    activated: registered - 1,
    connected: registered - 2,
    online: registered - 3,
  });
  const place = (devices: number, enterprises: number) => ({
    production: nested(devices),
    other: nested(devices),
    enterprises: nested(enterprises),
  });
  const byDistrict = Object.fromEntries(districts.map(({ id }) => [id, place(31_000, 3100)]));
  return { ...sent, onboarding: { city: place(100_008, 10_008), byDistrict } };
}

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
  let sensorClient: MqttClient | null = null;

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

  const ask = (path: string, body?: object, token = gateway.address.operatorToken) =>
    fetch(`${gateway.address.httpUrl}/api/v1/${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  const register = async (enterprise: string, id: string, profile: string): Promise<Card> => {
    const place = { district: 'tianning', industry: '38' };
    const response = await ask('devices', { enterprise, device: id, profile, ...place });
    expect(response.status).toBe(201);
    return (await response.json()) as Card;
  };
  const connect = ({ clientId, username, password }: Card) =>
    connectAsync({
      host: '127.0.0.1',
      port: gateway.address.mqttPort!,
      clientId,
      username,
      password,
      reconnectPeriod: 0,
    });
  const issue = async (role: string, enterprise: string | null): Promise<string> => {
    const response = await ask('tokens', { role, enterprise });
    expect(response.status).toBe(201);
    return ((await response.json()) as { token: string }).token;
  };
  /** What the gateway sends to pages now. */
  const snapshot = async (): Promise<Snapshot> => {
    const { body } = await ask('live');
    for await (const { type, data } of serverEvents(body!)) {
      if (type === 'snapshot') return parseSnapshot(data);
    }
    throw new Error('no snapshot came');
  };
  /** Shows the page a snapshot in the gateway's place, until `showReal`. */
  const showInstead = async (sent: Snapshot) => {
    const events = `event: snapshot\ndata: ${JSON.stringify(sent)}\n\n`;
    await browser.evaluate(`
      window.realFetch ??= window.fetch;
      window.fetch = async () => new Response(${JSON.stringify(events)});
      location.hash = 'token=' + sessionStorage.getItem('onramp.token');`);
  };
  const showReal = () =>
    browser.evaluate(`
      window.fetch = window.realFetch;
      location.hash = 'token=' + sessionStorage.getItem('onramp.token');`);
  /** The numbers of a funnel, as they are on the page. */
  const funnel = async (area: string): Promise<Record<Stage, number>> => {
    const numbers = await browser.evaluate<string[]>(
      `[...document.querySelectorAll('.${area} .stage .number')].map((e) => e.textContent)`,
    );
    return Object.fromEntries(
      stages.map((stage, index) => [stage, Number(numbers[index]!.replace(/,/g, ''))]),
    ) as Record<Stage, number>;
  };

  beforeAll(async () => {
    await build({ root: join(pagesFolder, '..'), logLevel: 'error' });
    gateway = await TestGateway.start({ store: { kind: 'memory' }, simulated: true });
    card = await register('trial', 'meter-1', 'power-meter');
    device = await connect(card);
    browser = await Browser.start(chromium!, { width: 1920, height: 1080 });
  });

  afterAll(async () => {
    await browser?.close();
    await device?.endAsync(true);
    await sensorClient?.endAsync(true);
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
    await shows('.at-tianning', '1 connected');
    expect(await text('.gateway')).toContain('1 sessions');
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

  test('shows how far enterprises and devices have come', async () => {
    // One that came and went, one that never came, one that is no production equipment.
    const gone = await register('trial', 'meter-2', 'power-meter');
    await register('idle', 'meter-1', 'power-meter');
    const sensor = await register('trial', 'sensor-1', 'env-sensor');
    for (const other of [gone, sensor]) {
      const client = await connect(other);
      await client.publishAsync(other.topic, other.sample, { qos: 1 });
      if (other === gone) await client.endAsync();
      else sensorClient = client;
    }
    await gateway.settled();
    await shows('.devices .online .number', '1');
    await shows('.devices .connected .number', '2');
    expect(await funnel('devices')).toEqual({
      registered: 3,
      activated: 2,
      connected: 2,
      online: 1,
    });
    expect(await funnel('enterprises')).toEqual({
      registered: 2,
      activated: 1,
      connected: 1,
      online: 1,
    });
    await shows('.devices .aside', '1 connected of 1');
    expect(await text('.at-tianning')).toContain('2 connected');
    expect(await text('.at-tianning')).toContain('1 online');
    const { onboarding } = await snapshot();
    expect(await funnel('devices')).toEqual(onboarding!.city.production);
    expect(await funnel('enterprises')).toEqual(onboarding!.city.enterprises);
  });

  test('says what each count means', async () => {
    for (const words of Object.values(countDefinitions)) {
      expect(await text('.definitions')).toContain(words.en);
    }
  });

  test('names a device that is kept out', async () => {
    const kept = await register('idle', 'meter-2', 'power-meter');
    expect((await ask('devices/idle.meter-2/suspend', {})).status).toBe(200);
    await expect(connect(kept)).rejects.toThrow();
    await shows('.refusals', 'device.suspended');
    expect(await text('.refusals')).toContain(errorTable['device.suspended'].en);
  });

  test('says that the directory is being read, and never 0', async () => {
    await showInstead({ ...(await snapshot()), onboarding: null });
    await browser.until(`document.querySelector('.devices .reading')?.hidden === false`);
    expect(await text('.enterprises .reading')).toBe('The directory is being read');
    expect(await text('.devices .aside')).toContain('unknown');
    expect(await text('.at-tianning')).not.toMatch(/\d/);
    expect(
      await browser.evaluate(`
        [...document.querySelectorAll('.funnel')].every((list) => list.offsetHeight === 0)`),
    ).toBe(true);
    await showReal();
    await browser.until(`document.querySelector('.devices .reading')?.hidden === true`);
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
    [1440, 900],
    [1366, 768],
    [1280, 720],
    [390, 844],
  ])('nothing overflows at %d × %d, in any language, with a whole city', async (width, height) => {
    await browser.resize({ width, height });
    await showInstead(wholeCity(await snapshot()));
    await shows('.devices .connected .number', '100,006');
    for (const index of [0, 1, 2]) {
      await browser.evaluate(`document.querySelectorAll('.languages button')[${index}].click()`);
      const overflowing = await browser.evaluate<string[]>(`
        [...document.querySelectorAll('#page *')]
          .filter((element) => element.clientWidth > 0 && getComputedStyle(element).display !== 'inline')
          .filter((element) => element.scrollWidth > element.clientWidth + 1)
          .map((element) => element.tagName + '.' + element.className)`);
      expect(overflowing).toEqual([]);
      const cut = await browser.evaluate<string[]>(`
        [...document.querySelectorAll('.panel, .tile')]
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
    await shows('form', '请输入令牌');
    await browser.evaluate(`
      document.querySelector('input').value = 'wrong';
      document.querySelector('form').requestSubmit();`);
    await shows('.problem', '网关不接受此令牌');
    await browser.evaluate(`
      document.querySelector('input').value = ${JSON.stringify(gateway.address.operatorToken)};
      document.querySelector('form').requestSubmit();`);
    await shows('#stored-total', '11');
  });

  test('takes the token of a viewer, and says why it refuses another', async () => {
    const { httpUrl } = gateway.address;
    await browser.evaluate('sessionStorage.clear()');
    await browser.open(`${httpUrl}/?lang=en#token=${await issue('viewer', null)}`);
    await shows('#stored-total', '11');
    for (const role of ['viewer', 'enterprise']) {
      await browser.evaluate('sessionStorage.clear()');
      await browser.open(`${httpUrl}/?lang=en&role=${role}#token=${await issue(role, 'trial')}`);
      await shows('.problem', errorTable['api.forbidden'].en);
    }
    await browser.evaluate(`sessionStorage.setItem('onramp.token',
      ${JSON.stringify(gateway.address.operatorToken)})`);
    await browser.open(`${httpUrl}/?lang=zh`);
    await shows('#stored-total', '11');
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
