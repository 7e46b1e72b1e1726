/**
 * A person with nothing but a connection card and mosquitto_pub, on another host than the gateway.
 * Injected: every mistake such a person makes. Must hold: the right way gives a row; each mistake is
 * named in one sentence, in both languages, by the events of the device or by the doctor.
 */

import type { ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ConnectionCard } from '../../gateway/api/connection-card.ts';
import { programIsThere } from '../helpers/services.ts';
import { type Host, TwoHosts } from '../helpers/two-hosts.ts';

const onramp = [process.execPath, join(process.cwd(), 'onramp.ts')];
const there = ['mosquitto_pub', 'curl'].map(programIsThere).every(Boolean);
const hosts = there ? TwoHosts.open() : null;

interface Told {
  readonly kind: string;
  readonly code: string | null;
  readonly text: { readonly en: string; readonly zh: string };
}

describe.skipIf(hosts === null)('a trial', () => {
  let folder: string;
  let data: string;
  let gateway: ChildProcess;
  let office: Host;
  let factory: Host;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'onramp-trial-'));
    data = join(folder, 'data');
    ({ first: office, second: factory } = hosts!);
    gateway = office.start([...onramp, 'gateway', '--data', data, '--lan', '--json'], folder);
    const ended = new Promise<never>((_, reject) => {
      gateway.once('exit', (code) => reject(new Error(`the gateway ended with ${code}`)));
    });
    ended.catch(() => {});
    const lines = createInterface({ input: gateway.stdout! })[Symbol.asyncIterator]();
    gateway.stderr!.resume();
    await Promise.race([lines.next(), ended]);
  }, 60_000);

  afterAll(async () => {
    const gone = new Promise((resolve) => gateway?.once('exit', resolve));
    gateway?.kill('SIGTERM');
    if (gateway !== undefined) await gone;
    hosts?.close();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  /** Somebody in the office begins a trial and sends its card to the factory: that, and no more. */
  async function begin(...options: string[]): Promise<Person> {
    const away = mkdtempSync(join(folder, 'factory-'));
    const file = join(away, 'card.json');
    const trial = ['registry', 'trial', '--data', data, '--card', file, ...options];
    const { code, stderr } = await office.run([...onramp, ...trial], folder);
    expect(code, stderr).toBe(0);
    return new Person(factory, away);
  }

  test.each([
    ['of a known profile', '--profile', 'injection-moulding'],
    ['that nobody described', '--profile', 'generic'],
    ['described by a table', '--csv', 'press.csv'],
  ])('a machine %s: what the card says gives a row, also over TLS', async (_of, ...options) => {
    writeFileSync(join(folder, 'press.csv'), 'name,type,unit,min,max\nforce,float,kN,0,2000\n');
    const person = await begin(...options);
    const { card } = person;
    expect(card.mqtt).toMatchObject({ host: office.address, port: 1883, tlsPort: 8883 });
    expect(card.notes).toEqual([]);
    await person.paste('mosquitto-pub');
    await expect.poll(() => person.values(), { timeout: 15_000 }).toHaveLength(1);
    const [row] = await person.values();
    expect(asStored(row!)).toEqual(asStored(JSON.parse(card.sample).values));
    await person.paste('mosquitto-pub-tls');
    await expect.poll(() => person.values(), { timeout: 15_000 }).toHaveLength(2);
    const told = (await person.events()).map(({ kind }) => kind);
    expect(told).toEqual(expect.arrayContaining(['connected', 'accepted', 'first-row', 'state']));
    expect((await person.doctor()).wrong).toEqual([]);
    expect((await person.doctor('--tls')).wrong).toEqual([]);
  });

  test('the program for Node.js gives a row', async () => {
    const person = await begin();
    symlinkSync(join(process.cwd(), 'node_modules'), join(person.folder, 'node_modules'));
    writeFileSync(join(person.folder, 'send.mjs'), person.snippet('nodejs'));
    const { code, stderr } = await factory.run([process.execPath, 'send.mjs'], person.folder);
    expect(code, stderr).toBe(0);
    await expect.poll(() => person.values(), { timeout: 15_000 }).toHaveLength(1);
  });

  describe('a mistake is named', () => {
    let person: Person;
    beforeAll(async () => {
      writeFileSync(join(folder, 'press.csv'), 'name,type,unit,min,max\nforce,float,kN,0,2000\n');
      person = await begin('--csv', 'press.csv');
    });

    test('the wrong port', async () => {
      expect((await person.publish({ port: 1884 })).code).not.toBe(0);
      const { wrong } = await person.doctor('--target', `mqtt://${office.address}:1884`);
      expect(wrong[0]).toEqual({
        en: expect.stringMatching(/1884/),
        zh: expect.stringMatching(/1884.*[\u4e00-\u9fff]/),
      });
    });

    test('plain to the TLS port, and TLS to the plain port', async () => {
      expect((await person.publish({ port: 8883 })).code).not.toBe(0);
      const plain = await person.doctor('--target', `mqtt://${office.address}:8883`);
      expect(plain.wrong[0]).toEqual({
        en: expect.stringMatching(/TLS/),
        zh: expect.stringMatching(/TLS|加密/),
      });
      const tls = await person.doctor('--target', `mqtts://${office.address}:1883`);
      expect(tls.wrong[0]?.en).toMatch(/TLS/);
    });

    const stale = Date.now() - 40 * 86_400_000;
    test.each([
      ['the wrong password', { password: 'not-this-one' }, /password/i, /密码/],
      ['the topic of another', { topic: 'onramp/v1/acme/m/telemetry' }, /topic/i, /主题/],
      ['a topic that is none', { channel: 'data' }, /topic/i, /主题/],
      ['no JSON', { payload: '{values: {force: 7}}' }, /JSON/, /JSON/],
      ['no reading', { payload: '{"force":7}' }, /values/, /values/],
      ['an unknown signal', { payload: '{"values":{"forse":7}}' }, /"forse"/, /"forse"/],
      ['the wrong unit', { payload: '{"values":{"force":900000}}' }, /kN.*unit/, /kN.*单位/],
      ['a number in quotes', { payload: '{"values":{"force":"7"}}' }, /quotes/, /引号/],
      [
        ...(['a stale clock', { payload: `{"ts":${stale},"values":{"force":7}}` }] as const),
        ...[/clock is 40 days behind/, /时钟慢了 40 天/],
      ],
    ] as [string, Mistake, RegExp, RegExp][])('%s', async (_what, mistake, en, zh) => {
      const before = (await person.events()).length;
      await person.publish(mistake);
      const refused = async () =>
        (await person.events()).slice(before).filter(({ kind }) => /refused/.test(kind));
      await expect.poll(refused, { timeout: 15_000 }).not.toEqual([]);
      const named = (await refused()).find(({ text }) => en.test(text.en));
      expect(named, JSON.stringify(await refused())).toBeDefined();
      expect(named!.code).not.toBeNull();
      expect(named!.text.zh).toMatch(zh);
      for (const text of Object.values(named!.text)) {
        expect(text).toMatch(/^[^\n]+[.。)]$/);
        expect(text).not.toContain('not-this-one');
      }
    });

    test('and by the doctor, before anybody asks the gateway', async () => {
      const { card } = person;
      const payload = join(person.folder, 'payload.json');
      writeFileSync(payload, '{values: {force: 7}}');
      const json = await person.doctor('--payload', payload);
      expect(json.wrong[0]?.en).toMatch(/JSON/);
      writeFileSync(payload, '{"values":{"force":900000}}');
      const unit = await person.doctor('--payload', payload);
      expect(unit.wrong.map(({ en }) => en).join()).toMatch(/kN.*unit/);
      const password = join(person.folder, 'password');
      writeFileSync(password, 'not-this-one');
      const login = await person.doctor('--password-file', password);
      expect(login.wrong[0]?.en).toMatch(/password/i);
      const topic = await person.doctor('--topic', card.topic.replace('telemetry', 'data'));
      expect(topic.wrong[0]?.en).toMatch(/topic/i);
    });
  });
});

/** In the narrow table of the generic profile a truth value is 1 or 0. */
function asStored(values: object): object {
  const stored = (value: unknown) => (typeof value === 'boolean' ? Number(value) : value);
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, stored(value)]));
}

/** What is other than on the card. */
interface Mistake {
  readonly port?: number;
  readonly password?: string;
  readonly topic?: string;
  /** The last level of the topic. */
  readonly channel?: string;
  readonly payload?: string;
}

/** Whoever got the card. */
class Person {
  readonly card: ConnectionCard;
  readonly folder: string;
  readonly #host: Host;

  constructor(host: Host, folder: string) {
    this.#host = host;
    this.folder = folder;
    this.card = JSON.parse(readFileSync(join(folder, 'card.json'), 'utf8'));
  }

  snippet(id: string): string {
    return this.card.snippets.find((snippet) => snippet.id === id)!.text;
  }

  async paste(id: string): Promise<void> {
    const { code, stderr } = await this.#host.run(['sh', '-ec', this.snippet(id)], this.folder);
    expect(code, stderr).toBe(0);
  }

  publish({ channel, password, payload, port, topic }: Mistake) {
    const { card } = this;
    const right = channel === undefined ? card.topic : card.topic.replace('telemetry', channel);
    const { host, port: rightPort } = card.mqtt!;
    return this.#host.run(
      [
        ...['timeout', '5', 'mosquitto_pub', '-h', host, '-p', String(port ?? rightPort)],
        ...['-q', '1', '-i', card.clientId, '-u', card.username],
        ...['-P', password ?? card.password],
        ...['-t', topic ?? right, '-m', payload ?? card.sample],
      ],
      this.folder,
    );
  }

  /** The rows of the machine, newest first. */
  async values(): Promise<Record<string, unknown>[]> {
    const { readings } = (await this.#ask('readings')) as { readings: { values: object }[] };
    return readings.map(({ values }) => ({ ...values }));
  }

  async events(): Promise<Told[]> {
    return ((await this.#ask('events')) as { items: Told[] }).items;
  }

  /** What `onramp doctor` finds wrong from where this person is. */
  async doctor(...options: string[]) {
    const command = [...onramp, 'doctor', '--card', 'card.json', '--json', ...options];
    const { stdout, stderr } = await this.#host.run(command, this.folder);
    expect(stdout, stderr).not.toBe('');
    const { findings } = JSON.parse(stdout) as {
      findings: { step: string; verdict: string; text: Told['text'] }[];
    };
    return {
      wrong: findings.filter(({ verdict }) => verdict === 'wrong').map(({ text }) => text),
    };
  }

  async #ask(resource: string): Promise<unknown> {
    const { apiUrl, clientId, token } = this.card;
    const url = `${apiUrl}/api/v1/devices/${clientId}/${resource}`;
    const curl = ['curl', '-sS', '--fail-with-body', '-H', `Authorization: Bearer ${token}`, url];
    const { code, stdout, stderr } = await this.#host.run(curl, this.folder);
    expect(code, stdout + stderr).toBe(0);
    return JSON.parse(stdout);
  }
}
