/** The command: card and flags, output in two languages, exit codes. */

import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../../model/clock.ts';
import { languageOf } from '../../../model/language.ts';
import { doctor } from '../../../simulator/doctor/command.ts';
import { connectionOf } from '../../../simulator/doctor/connection.ts';
import { ScriptedMqttServer } from '../../helpers/scripted-mqtt-server.ts';
import { cardOf, fileOf, platformScript, visit } from './card.ts';

async function run(flags: Record<string, string | boolean>, env: Record<string, string> = {}) {
  const written = { stdout: '', stderr: '' };
  const code = await doctor(flags, {
    clock: systemClock,
    env,
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
  });
  return { code, ...written };
}

async function cardFile(): Promise<string> {
  const server = await ScriptedMqttServer.start(platformScript);
  onTestFinished(() => server.stop());
  return fileOf(JSON.stringify(cardOf({ port: server.port })));
}

describe('onramp doctor', () => {
  it('prints a line for each finding and what it comes to', async () => {
    const { code, stdout, stderr } = await run({ card: await cardFile() });
    expect(code).toBe(0);
    expect(stderr).toBe('');
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(8);
    expect(lines[3]).toBe('✓ connect     The platform accepts e1/d1 with MQTT 3.1.1.');
    expect(lines.at(-1)).toBe('Nothing is wrong.');
  });

  it('speaks Chinese when asked, or by the environment', async () => {
    const card = await cardFile();
    const { stdout } = await run({ card, lang: 'zh', topic: 'onramp/v1/e1/d9/telemetry' });
    expect(stdout).toContain('✗ 权限  该设备无权使用主题');
    expect(stdout).toMatch(/发现 1 处问题.+\n$/);
    expect((await run({ card }, { LANG: 'zh_CN.UTF-8' })).stdout).toContain('未发现问题');
  });

  it('lets no card control the terminal or forge a line', async () => {
    const server = await ScriptedMqttServer.start(platformScript);
    onTestFinished(() => server.stop());
    const topic = 'onramp/v1/e1/d9\u001b[2K\n✓ row         The row is in the store.\u202e';
    const card = fileOf(JSON.stringify(cardOf({ port: server.port }, { topic })));
    const { stdout } = await run({ card });
    expect(stdout).toContain('d9 [2K ✓ row');
    expect(stdout).not.toMatch(/^✓ row/m);
    expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u);
  });

  it('prints one JSON object on stdout and its progress on stderr', async () => {
    const { code, stdout, stderr } = await run({ card: await cardFile(), json: true });
    expect(code).toBe(0);
    const { ok, findings } = JSON.parse(stdout);
    expect(ok).toBe(true);
    expect(findings[0]).toEqual({
      step: 'name',
      verdict: 'ok',
      id: 'name.address',
      text: { en: expect.any(String), zh: expect.any(String) },
    });
    expect(stderr).toContain('✓ connect');
  });

  it('never shows the password', async () => {
    const card = cardOf({ port: 1 });
    const { findings, stderr } = await visit(card);
    expect(JSON.stringify(findings) + stderr).not.toContain(card.password);
  });

  it('tells every mistake on its command line at once', async () => {
    await expect(
      run({ card: '/nonexistent/card.json', payload: '/nonexistent/p', timeout: 'soon' }),
    ).rejects.toMatchObject({
      code: 'config.invalid',
      details: [
        expect.stringMatching(/^--card: ENOENT/),
        expect.stringMatching(/^--payload: ENOENT/),
        expect.stringMatching(/^--timeout: /),
      ],
    });
  });

  it.each([
    [{ LANG: 'zh_CN.UTF-8' }, 'zh'],
    [{ LANG: 'en_US.UTF-8', LC_ALL: 'zh_TW' }, 'zh'],
    [{ LANG: 'zh_CN', LC_MESSAGES: 'C' }, 'en'],
    [{}, 'en'],
  ])('in %j speaks %s', (env, language) => {
    expect(languageOf(env)).toBe(language);
  });
});

describe('connectionOf', () => {
  const card = (mqtt: object, more?: object): string => JSON.stringify(cardOf(mqtt, more));
  const noAddress = JSON.stringify({ ...cardOf({}), mqtt: null });
  const fingerprint = 'AB:'.repeat(32).slice(0, -1);

  it.each([
    ['the plain port first', { port: 1883, tlsPort: 8883 }, {}, { port: 1883, tls: false }],
    ['TLS when asked', { port: 1883, tlsPort: 8883 }, { tls: true }, { port: 8883, tls: true }],
    ['TLS when there is nothing else', { tlsPort: 8883 }, {}, { port: 8883, tls: true }],
  ])('takes %s', (_, mqtt, flags, endpoint) => {
    expect(connectionOf({ card: card(mqtt), ...flags })).toMatchObject(endpoint);
  });

  it('takes the address from a flag where the card has none', () => {
    const connection = connectionOf({ card: noAddress, target: 'mqtt://10.0.0.5' });
    expect(connection).toMatchObject({ host: '10.0.0.5', port: 1883, clientId: 'e1.d1' });
  });

  it('lets flags win over the card, and knows the card still', () => {
    const connection = connectionOf({
      card: card({ port: 1883, tls: { fingerprint } }),
      target: 'mqtts://10.0.0.5',
      username: 'e1/d2',
      topic: 'onramp/v1/e1/d2/telemetry',
    });
    expect(connection).toMatchObject({
      ...{ host: '10.0.0.5', port: 8883, tls: true, username: 'e1/d2', clientId: 'e1.d1' },
      fingerprint: 'ab'.repeat(32),
      deviceKey: 'e1.d2',
    });
    expect(connection.card!.username).toBe('e1/d1');
  });

  it('reads a card inside the answer that brought it, and a sample that is an object', () => {
    const text = JSON.stringify({ card: cardOf({ port: 1 }, { sample: { values: { a: 1 } } }) });
    expect(String(connectionOf({ card: text }).payload)).toBe('{"values":{"a":1}}');
  });

  it('asks about the device of the user name when the topic is of another enterprise', () => {
    const topic = 'onramp/v1/e2/d5/telemetry';
    expect(connectionOf({ card: card({ port: 1 }), topic }).deviceKey).toBe('e1.d1');
  });

  it.each([
    ['neither card nor target', {}, /--card or --target/],
    ['a card that is not JSON', { card: '{' }, /--card: /],
    ['a card without an address', { card: '{"clientId": "x"}' }, /--card: mqtt: /],
    ['a card that knows no address', { card: noAddress }, /--target: is needed/],
    ['a target that is none', { target: 'http://h' }, /--target: must be/],
    ['TLS on a card without it', { card: card({ port: 1 }), tls: true }, /no TLS port/],
    ['a bad fingerprint', { target: 'mqtts://h', tlsFingerprint: 'ab' }, /--tls-fingerprint/],
    ['an API that is none', { target: 'mqtt://h', api: 'ftp://h', apiToken: 't' }, /--api/],
  ])('refuses %s', (_, input, problem) => {
    expect(() => connectionOf(input)).toThrow(problem);
  });
});
