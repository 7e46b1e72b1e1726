/** Each mistake that people make with a connection is named in one sentence, in both languages. */

import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { generate } from 'selfsigned';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type Script, ScriptedMqttServer } from '../../helpers/scripted-mqtt-server.ts';
import { freePort } from '../../helpers/services.ts';
import { cardOf, fileOf, platformScript, visit } from './card.ts';

let identity: { private: string; cert: string; fingerprint: string };

async function certificate(name: string, dates: { from?: Date; until?: Date } = {}) {
  const made = await generate([{ name: 'commonName', value: 'test' }], {
    keySize: 2048,
    algorithm: 'sha256',
    ...(dates.from && { notBeforeDate: dates.from }),
    ...(dates.until && { notAfterDate: dates.until }),
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 2, value: name }] },
    ],
  });
  const { X509Certificate } = await import('node:crypto');
  return { ...made, fingerprint: new X509Certificate(made.cert).fingerprint256 };
}

beforeAll(async () => {
  identity = await certificate('localhost');
});

async function plainPlatform(script: Script = platformScript): Promise<ScriptedMqttServer> {
  const server = await ScriptedMqttServer.start(script);
  onTestFinished(() => server.stop());
  return server;
}

async function tlsPlatform(of = identity): Promise<ScriptedMqttServer> {
  const server = await ScriptedMqttServer.start(platformScript, { key: of.private, cert: of.cert });
  onTestFinished(() => server.stop());
  return server;
}

/** One sentence each way, and what it says. */
function expectOne(wrong: readonly { en: string; zh: string }[], en: RegExp, zh: RegExp): void {
  expect(wrong).toHaveLength(1);
  expect(wrong[0]!.en).toMatch(en);
  expect(wrong[0]!.zh).toMatch(zh);
  expect(wrong[0]!.en).toMatch(/[.)]$/);
  expect(wrong[0]!.zh).toMatch(/[。)]$/);
}

describe('a connection that is right', () => {
  it('without TLS has a finding for every step, and nothing wrong', async () => {
    const { port } = await plainPlatform();
    const { code, findings } = await visit(cardOf({ port }));
    expect(code).toBe(0);
    expect(findings.map(({ step, verdict }) => `${step} ${verdict}`)).toEqual([
      'name ok',
      'port ok',
      'tls note',
      'connect ok',
      'permission ok',
      'payload ok',
      'row not-checked',
    ]);
    expect(findings.at(-1)!.text.en).toMatch(/no API address and token/);
  });

  it('sends exactly the payload, once, at QoS 1', async () => {
    const server = await plainPlatform();
    const payload = '{"seq": 1,\n "values": {"power": 1}}\n';
    await visit(cardOf({ port: server.port }), { payload: fileOf(payload) });
    const publishes = server.received.filter((packet) => packet.cmd === 'publish');
    expect(publishes).toHaveLength(1);
    expect(publishes[0]).toMatchObject({ qos: 1, topic: 'onramp/v1/e1/d1/telemetry' });
    expect(String((publishes[0] as { payload: Buffer }).payload)).toBe(payload);
  });

  it.each([
    ['by its fingerprint', () => ({ fingerprint: identity.fingerprint })],
    ['by its authority', () => ({ ca: identity.cert })],
    ['by both', () => ({ fingerprint: identity.fingerprint, ca: identity.cert })],
  ])('with TLS is trusted %s', async (_, tls) => {
    const { port: tlsPort } = await tlsPlatform();
    const { code, wrong } = await visit(cardOf({ host: 'localhost', tlsPort, tls: tls() }));
    expect(wrong).toEqual([]);
    expect(code).toBe(0);
  });
});

describe('name and port', () => {
  it('names a host that nobody knows', async () => {
    const card = cardOf({ port: 1883 });
    const { code, findings, wrong } = await visit(card, { target: 'mqtt://no-such-host.invalid' });
    expectOne(wrong, /no-such-host\.invalid/, /no-such-host\.invalid/);
    expect(code).toBe(1);
    expect(findings.find(({ step }) => step === 'port')).toMatchObject({ verdict: 'not-checked' });
  });

  it('names a port on which nothing listens, and that of the card', async () => {
    const { port } = await plainPlatform();
    const closed = await freePort();
    const { wrong } = await visit(cardOf({ port }), { target: `mqtt://127.0.0.1:${closed}` });
    expectOne(
      wrong,
      new RegExp(`Nothing listens on port ${closed} \\(the card says ${port}\\)`),
      new RegExp(`端口 ${closed} 上没有服务.连接卡上是 ${port}`),
    );
  });

  it('names a port on which a web server listens', async () => {
    const { port } = await plainPlatform();
    const web = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void web.close());
    await new Promise((resolve) => web.once('listening', resolve));
    const { port: webPort } = web.address() as { port: number };
    const { wrong } = await visit(cardOf({ port }), { target: `mqtt://127.0.0.1:${webPort}` });
    expectOne(wrong, /speaks HTTP, not MQTT \(the card says/, /HTTP,不是 MQTT.连接卡上是/);
  });

  it('names a port that says nothing', async () => {
    const mute = createTcpServer().listen(0, '127.0.0.1');
    onTestFinished(() => void mute.close());
    await new Promise((resolve) => mute.once('listening', resolve));
    const { port } = mute.address() as { port: number };
    const { wrong } = await visit(cardOf({ port }), { timeout: '300ms' });
    expectOne(wrong, /says nothing/, /没有任何回应/);
  });
});

describe('TLS', () => {
  it('names plain MQTT spoken to a TLS port', async () => {
    const { port } = await tlsPlatform();
    const { port: right } = await plainPlatform();
    const { wrong } = await visit(cardOf({ port: right }), { target: `mqtt://127.0.0.1:${port}` });
    expectOne(
      wrong,
      /speaks TLS, and plain MQTT was spoken.*card says/,
      /使用 TLS,而客户端使用了不加密/,
    );
  });

  it('names TLS spoken to a plain port, and presents no secret there', async () => {
    const server = await plainPlatform();
    const { wrong } = await visit(cardOf({ tlsPort: server.port }));
    expectOne(wrong, /speaks MQTT without TLS/, /不加密的 MQTT,而客户端使用了 TLS/);
    for (const packet of server.received) expect(JSON.stringify(packet)).not.toContain('secret');
  });

  it('names another certificate than the one on the card, and presents no secret', async () => {
    const server = await tlsPlatform();
    const tls = { fingerprint: `${'ab:'.repeat(31)}ab` };
    const { wrong } = await visit(cardOf({ tlsPort: server.port, tls }));
    expectOne(wrong, /another certificate .* do not send the password/, /不一致.*不要发送密码/);
    expect(server.received).toEqual([]);
  });

  it('names a host that the certificate is not for', async () => {
    const other = await certificate('gateway.example.com');
    const { port: tlsPort } = await tlsPlatform(other);
    const { wrong } = await visit(cardOf({ host: 'localhost', tlsPort, tls: { ca: other.cert } }));
    expectOne(
      wrong,
      /is for gateway\.example\.com, not for localhost/,
      /属于 gateway\.example\.com/,
    );
  });

  it('names an authority that is not trusted', async () => {
    const { port: tlsPort } = await tlsPlatform();
    const { wrong } = await visit(cardOf({ host: 'localhost', tlsPort }));
    expectOne(wrong, /not signed by an authority that is trusted/, /不是由本机信任的机构签发/);
  });

  it.each([
    [
      'expired',
      { from: new Date('2020-01-01'), until: new Date('2020-06-01') },
      /expired on 2020-06-01/,
      /已于 2020-06-01 过期/,
    ],
    [
      'is not yet valid',
      { from: new Date('2090-01-01'), until: new Date('2090-06-01') },
      /only from 2090-01-01/,
      /自 2090-01-01 起/,
    ],
  ])('names a certificate that %s', async (_, dates, en, zh) => {
    const old = await certificate('localhost', dates);
    const { port: tlsPort } = await tlsPlatform(old);
    const { wrong } = await visit(cardOf({ host: 'localhost', tlsPort, tls: { ca: old.cert } }));
    expectOne(wrong, en, zh);
  });
});

describe('log-in', () => {
  it.each([
    [
      'password',
      { passwordFile: 'another secret\n' },
      /password of e1\/d1, which is not the one on the card/,
      /密码与连接卡不同/,
    ],
    [
      'user name',
      { username: 'e1/d2' },
      /user name "e1\/d2": the card says "e1\/d1"/,
      /用户名 "e1\/d2":连接卡上是/,
    ],
    [
      'client id',
      { clientId: 'machine-7' },
      /client id is "machine-7" and must be "e1\.d1"/,
      /应为 "e1\.d1"/,
    ],
  ])('names a wrong %s', async (_, { passwordFile, ...flags }: Record<string, string>, en, zh) => {
    const { port } = await plainPlatform();
    const more = passwordFile === undefined ? {} : { passwordFile: fileOf(passwordFile) };
    const { code, wrong, findings } = await visit(cardOf({ port }), { ...flags, ...more });
    expectOne(wrong, en, zh);
    expect(code).toBe(1);
    expect(findings.at(-1)).toMatchObject({ step: 'row', verdict: 'not-checked' });
  });

  it('names a wrong credential when there is no card to compare with', async () => {
    const { port } = await plainPlatform();
    const { wrong } = await visit(cardOf({ port }, { password: 'of an older card' }));
    expectOne(wrong, /refuses user name or password of e1\/d1 \(code 5\)/, /返回码 5/);
  });

  it.each([
    [1, /does not speak the MQTT version/, /不支持所用的 MQTT/],
    [2, /refuses the client id "e1\.d1"/, /拒绝客户端标识/],
    [3, /takes no new sessions/, /暂时不接受新会话/],
    [4, /refuses user name or password/, /拒绝 e1\/d1 的用户名或密码/],
    [77, /does not know \(77\)/, /未定义的返回码.77/],
  ])('says what return code %i means', async (returnCode, en, zh) => {
    const { port } = await plainPlatform((packet, connection) => {
      if (packet.cmd === 'connect') connection.socket.write(Buffer.from([0x20, 2, 0, returnCode]));
    });
    const { wrong } = await visit(cardOf({ port }));
    expectOne(wrong, en, zh);
  });

  it('names a server that closes instead of answering', async () => {
    const { port } = await plainPlatform((_, connection) => connection.socket.destroy());
    const { wrong } = await visit(cardOf({ port }));
    expectOne(wrong, /closes the connection instead of answering/, /未回应便关闭了连接/);
  });
});

describe('topic and payload', () => {
  it('names a topic that is not allowed, and the right one', async () => {
    const { port } = await plainPlatform();
    const { wrong } = await visit(cardOf({ port }), { topic: 'onramp/v1/e1/d2/telemetry' });
    expectOne(
      wrong,
      /topic onramp\/v1\/e1\/d2\/telemetry is not allowed .* publish to onramp\/v1\/e1\/d1\/telemetry/,
      /无权使用主题 onramp\/v1\/e1\/d2\/telemetry:请发布到 onramp\/v1\/e1\/d1\/telemetry/,
    );
  });

  it('names a topic with a placeholder', async () => {
    const { port } = await plainPlatform();
    const { wrong } = await visit(cardOf({ port }, { topic: 'onramp/v1/e1/{device}/telemetry' }));
    expectOne(wrong, /still has a placeholder/, /占位符/);
  });

  it.each([
    ['bad JSON, and where', '{"values": {"power": 1.5,}}', /line 1, column 26/, /第 1 行第 26 列/],
    [
      'bad JSON on another line',
      '{\n"values": {power: 1}\n}',
      /line 2, column 12/,
      /第 2 行第 12 列/,
    ],
    [
      'a text that ends too early',
      '{"values": {"power": 1',
      /line 1, column 23/,
      /第 1 行第 23 列/,
    ],
    ['a text that is not UTF-8', Buffer.from([0x22, 0xb5, 0xe7, 0x22]), /not UTF-8/, /不是 UTF-8/],
    [
      'a shape that is no reading',
      '{"power": 1}',
      /no reading \("values" is missing\)/,
      /不是读数/,
    ],
    [
      'too many readings',
      `[${'{"values":{}},'.repeat(1000)}{"values":{}}]`,
      /more readings/,
      /超过单条消息上限/,
    ],
  ])('names %s, and sends nothing', async (_, payload, en, zh) => {
    const server = await plainPlatform();
    const { wrong } = await visit(cardOf({ port: server.port }), { payload: fileOf(payload) });
    expectOne(wrong, en, zh);
    expect(server.received.some(({ cmd }) => cmd === 'publish')).toBe(false);
  });

  it.each([
    [
      'a clock that is behind',
      () => Date.now() - 40 * 86_400_000,
      /"ts" is 40 days old/,
      /落后 40 天/,
    ],
    [
      'a clock that is ahead',
      () => Date.now() + 7_300_000,
      /"ts" is 2 hours in the future/,
      /超前 2 小时/,
    ],
    [
      'seconds instead of milliseconds',
      () => Math.floor(Date.now() / 1000),
      /looks like seconds/,
      /以秒为单位/,
    ],
    [
      'a timestamp that is a text',
      () => '"2026-01-01"',
      /must be a whole number of milliseconds/,
      /整数毫秒/,
    ],
  ])('names %s', async (_, ts, en, zh) => {
    const { port } = await plainPlatform();
    const payload = `{"ts": ${ts()}, "values": {"power": 1}}`;
    const { wrong } = await visit(cardOf({ port }), { payload: fileOf(payload) });
    expectOne(wrong, en, zh);
  });

  it('names a payload that is not acknowledged', async () => {
    const { port } = await plainPlatform((packet, connection) => {
      if (packet.cmd !== 'publish') platformScript(packet, connection);
    });
    const { wrong } = await visit(cardOf({ port }), { timeout: '500ms' });
    expectOne(wrong, /did not acknowledge the payload in time/, /未及时确认/);
  });

  it('still judges the payload when the platform cannot be reached', async () => {
    const port = await freePort();
    const { wrong } = await visit(cardOf({ port }), { payload: fileOf('{') });
    expect(wrong).toHaveLength(2);
    expect(wrong[1]!.en).toMatch(/is not JSON/);
  });
});
