/** What the platform says of the reading: refused and why, or a row in the store. */

import { describe, expect, it, onTestFinished } from 'vitest';
import {
  answerJson,
  type PlayAnswer,
  scriptedHttpServer,
} from '../../helpers/scripted-http-server.ts';
import { ScriptedMqttServer } from '../../helpers/scripted-mqtt-server.ts';
import { cardOf, fileOf, platformScript, visit } from './card.ts';

/** A platform whose API tells of the device whatever a test has it tell once something happened. */
class Platform {
  events: object[] = [];
  rows: number[] = [];
  /** What a connection or a reading brings about. */
  onConnect: () => void = () => undefined;
  onReading: () => void = () => undefined;
  status = 200;
  readonly paths = new Set<string>();
  readonly #headers: Record<string, string>;

  constructor(headers: Record<string, string> = {}) {
    this.#headers = headers;
  }

  async start() {
    const mqtt = await ScriptedMqttServer.start((packet, connection) => {
      if (packet.cmd === 'connect') this.onConnect();
      if (packet.cmd === 'publish') this.onReading();
      platformScript(packet, connection);
    });
    onTestFinished(() => mqtt.stop());
    const { url: apiUrl } = await scriptedHttpServer(this.#answer);
    return cardOf({ port: mqtt.port }, { apiUrl, token: 'token of e1' });
  }

  readonly #answer: PlayAnswer = ({ path, headers }, response) => {
    this.paths.add(path);
    for (const [name, value] of Object.entries(this.#headers)) response.setHeader(name, value);
    const authorized = headers.authorization === 'Bearer token of e1';
    if (!authorized) return answerJson(response, 401, { code: 'api.unauthorized' });
    if (this.status !== 200) return answerJson(response, this.status, { code: 'api.internal' });
    if (path.startsWith('/api/v1/devices/e1.d1/events')) {
      return answerJson(response, 200, { items: this.events });
    }
    const url = new URL(path, 'http://h');
    const from = Number(url.searchParams.get('from') ?? 0);
    const to = Number(url.searchParams.get('to') ?? Infinity);
    const [newest] = this.rows.filter((ts) => ts >= from && ts < to).sort((a, b) => b - a);
    const readings = newest === undefined ? [] : [{ timestampMs: newest, seq: null, values: {} }];
    return answerJson(response, 200, { readings });
  };

  tell(kind: string, code: string | null, en: string, zh: string): void {
    const [atMs, key] = [Date.now(), 'e1.d1'];
    this.events.push({ key, atMs, kind, code, detail: '', count: 1, text: { en, zh } });
  }
}

const unknownSignal = [
  '"pwr" is no signal of its profile.',
  '"pwr" 不是设备模型中的信号。',
] as const;
const wrongUnit = [
  'power: 12500 is not in 0 to 75 kW.',
  'power:12500 不在 0 至 75 kW 的量程内。',
] as const;
const staleClock = ['Its clock is 40 days behind.', '设备时钟慢了 40 天。'] as const;

describe('the row', () => {
  it('is found when the reading was stored', async () => {
    const platform = new Platform();
    platform.rows = [1000];
    platform.onReading = () => platform.rows.push(Date.now());
    const card = await platform.start();
    const { code, findings, wrong } = await visit(card);
    expect(wrong).toEqual([]);
    expect(code).toBe(0);
    expect(findings.at(-1)).toMatchObject({ step: 'row', verdict: 'ok', id: 'row.stored' });
    expect(platform.paths).toContain('/api/v1/devices/e1.d1/readings?limit=1');
  });

  it('is found by its timestamp when the reading is older than what is stored', async () => {
    const platform = new Platform();
    const ts = Date.now() - 60_000;
    platform.rows = [ts + 30_000];
    platform.onReading = () => platform.rows.push(ts);
    const payload = fileOf(`{"ts": ${ts}, "values": {"power": 1}}`);
    const { wrong } = await visit(await platform.start(), { payload });
    expect(wrong).toEqual([]);
  });

  it('is missed when the store is away', async () => {
    const platform = new Platform();
    platform.rows = [1000];
    const { code, wrong } = await visit(await platform.start(), { rowTimeout: '600ms' });
    expect(wrong).toHaveLength(1);
    expect(wrong[0]!.en).toMatch(/no row after 1 s: the store may be away/);
    expect(wrong[0]!.zh).toMatch(/仍没有数据行/);
    expect(code).toBe(1);
  });

  it.each([
    ['an unknown signal', 'field-refused', 'signal.unknown', unknownSignal, true],
    ['a wrong unit', 'field-refused', 'signal.out-of-range', wrongUnit, true],
    ['a stale clock', 'reading-refused', 'reading.timestamp-too-old', staleClock, false],
  ])('comes with what was refused: %s', async (_, kind, code, [en, zh], stored) => {
    const platform = new Platform();
    platform.tell(kind, code, 'from another time', '以前的');
    platform.onReading = () => {
      platform.tell(kind, code, en, zh);
      if (stored) platform.rows.push(Date.now());
    };
    const { code: exit, findings, wrong } = await visit(await platform.start());
    expect(wrong).toEqual([{ en, zh }]);
    expect(exit).toBe(1);
    expect(findings.some(({ id }) => id === 'row.stored')).toBe(stored);
  });

  it('comes with one sentence when every field was refused', async () => {
    const platform = new Platform();
    const text = ['No value of the reading could be used: …', '读数中没有可用的数值:…'] as const;
    platform.onReading = () => {
      platform.tell('field-refused', 'signal.unknown', ...unknownSignal);
      platform.tell('reading-refused', 'reading.all-refused', ...text);
    };
    const { wrong } = await visit(await platform.start());
    expect(wrong).toEqual([{ en: text[0], zh: text[1] }]);
  });

  it('is told the reason of a refused log-in', async () => {
    const platform = new Platform();
    platform.onConnect = () =>
      platform.tell('refused', 'device.suspended', 'This device is suspended.', '该设备已被暂停。');
    const card = { ...(await platform.start()), password: 'another' };
    const { findings } = await visit(card);
    expect(findings.find(({ id }) => id === 'connect.reason')!.text).toEqual({
      en: "The platform's reason: This device is suspended.",
      zh: '平台给出的原因:该设备已被暂停。',
    });
  });
});

describe('the API', () => {
  it('whose token is wrong is no reason to fail', async () => {
    const card = { ...(await new Platform().start()), token: 'of somebody else' };
    const { code, findings } = await visit(card);
    expect(code).toBe(0);
    expect(findings.at(-1)).toMatchObject({ verdict: 'not-checked', id: 'row.api-refused' });
    expect(findings.at(-1)!.text.en).toContain('api.unauthorized');
  });

  it('that does not know the device says that something is wrong', async () => {
    const platform = new Platform();
    platform.status = 404;
    const { wrong } = await visit(await platform.start());
    expect(wrong).toHaveLength(1);
    expect(wrong[0]!.en).toMatch(/no device e1\.d1 that this token may see/);
    expect(wrong[0]!.zh).toMatch(/没有此令牌可见的设备 e1\.d1/);
  });

  it('that answers in another form is said so', async () => {
    const platform = new Platform();
    platform.events = {} as object[];
    const { findings } = await visit(await platform.start());
    expect(findings.at(-1)).toMatchObject({ verdict: 'not-checked', id: 'row.api-failed' });
  });

  it('that is not there is said so', async () => {
    const card = { ...(await new Platform().start()), apiUrl: 'http://127.0.0.1:1' };
    const { code, findings } = await visit(card);
    expect(code).toBe(0);
    expect(findings.at(-1)).toMatchObject({ verdict: 'not-checked', id: 'row.api-unreachable' });
  });

  it.each([
    [
      'behind',
      40 * 86_400_000,
      'wrong',
      /clock is 40 days behind the platform's/,
      /比平台慢 40 天/,
    ],
    ['ahead', -7_200_000, 'wrong', /clock is 2 hours ahead of the platform's/, /比平台快 2 小时/],
    ['a little behind', 120_000, 'note', /clock is 2 minutes behind/, /慢 2 分钟/],
  ])('shows a clock that is %s', async (_, offsetMs, verdict, en, zh) => {
    const platform = new Platform({ date: new Date(Date.now() + offsetMs).toUTCString() });
    platform.onReading = () => platform.rows.push(Date.now());
    const { findings } = await visit(await platform.start());
    const found = findings.find(({ id }) => id.startsWith('row.clock'))!;
    expect(found.verdict).toBe(verdict);
    expect(found.text.en).toMatch(en);
    expect(found.text.zh).toMatch(zh);
  });
});
