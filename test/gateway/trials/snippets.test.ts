/** Snippets: quoted so that what is pasted is what is meant, and good in the language they are in. */

import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { snippetsOf } from '../../../gateway/trials/snippets/index.ts';
import {
  authority,
  javascriptLiteral,
  pythonLiteral,
  type SnippetValues,
  shellWord,
} from '../../../gateway/trials/snippets/snippet.ts';
import { programIsThere } from '../../helpers/services.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const ca = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n';

/** Ids are plain; a password or a sample that somebody brought along may hold anything. */
const values: SnippetValues = {
  clientId: 'acme.press-1',
  username: 'acme/press-1',
  password: `it's "so" $HOME \\ \`x\` %s 密码`,
  topic: 'onramp/v1/acme/press-1/telemetry',
  sample: JSON.stringify({
    values: { power: 12.5, 'x-1': -1e-9, running: true, text: `'"\\\n\u2028 \${x} 你好 😀` },
  }),
  mqtt: {
    host: '10.0.0.5',
    port: 1883,
    tlsPort: 8883,
    tls: { fingerprint: 'AA:BB', ca },
  },
};

const textOf = (id: string, of = values) =>
  snippetsOf(of).find((snippet) => snippet.id === id)?.text ?? null;

const anything = fc
  .string({ unit: 'binary', maxLength: 40 })
  .filter((text) => text.isWellFormed() && !text.includes('\0'));

describe('quoting', () => {
  it('a word of a shell is one word, and that text', () => {
    fc.assert(
      fc.property(anything, (text) => {
        const shell = `printf '%s|' ${shellWord(text)}`;
        expect(execFileSync('sh', ['-c', shell], { encoding: 'utf8' })).toBe(`${text}|`);
      }),
      { numRuns: 60 },
    );
    expect(shellWord('onramp/v1/acme/press-1')).toBe('onramp/v1/acme/press-1');
    expect(shellWord('')).toBe("''");
  });

  it.skipIf(!programIsThere('python3'))('a literal of Python is that value', () => {
    const json = fc.jsonValue({ maxDepth: 3, noUnicodeString: false });
    const all = fc.sample(json, { numRuns: 200, seed: 1 });
    const program = `import json, sys\nsys.stdout.write(json.dumps([${all
      .map(pythonLiteral)
      .join(', ')}]))\n`;
    const file = join(temporaryFolder(), 'literals.py');
    writeFileSync(file, program);
    const printed = execFileSync('python3', [file], { encoding: 'utf8' });
    expect(JSON.parse(printed)).toEqual(JSON.parse(JSON.stringify(all)));
  });

  it('a literal of JavaScript is that value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const [back] = new Function(`return [${javascriptLiteral(value)}]`)() as unknown[];
        expect(JSON.stringify(back)).toEqual(JSON.stringify(value));
      }),
    );
  });

  it('an address of a URL has brackets where IPv6 needs them', () => {
    expect(authority('10.0.0.5', 1883)).toBe('10.0.0.5:1883');
    expect(authority('2001:db8::1', 1883)).toBe('[2001:db8::1]:1883');
  });
});

describe('snippets', () => {
  it('each has an id of its own, a title in both languages, and the values', () => {
    const snippets = snippetsOf(values);
    expect(snippets.map(({ id }) => id)).toEqual([
      'mosquitto-pub',
      'mosquitto-pub-tls',
      'python',
      'nodejs',
      'node-red',
      'opc-ua',
    ]);
    for (const { id, text, title } of snippets) {
      expect(title.en, id).toMatch(/\S/);
      expect(title.zh, id).toMatch(/\S/);
      expect(text, id).toContain(values.topic);
      expect(text, id).toContain(values.mqtt.host);
      expect(text.endsWith('\n'), id).toBe(true);
    }
  });

  it('the arguments of mosquitto_pub are what is on the card', () => {
    const stub = 'mosquitto_pub() { for word in "$@"; do printf "%s\\0" "$word"; done; }\n';
    const run = (id: string) =>
      execFileSync('sh', ['-c', stub + textOf(id)], { encoding: 'utf8', cwd: temporaryFolder() });
    const { clientId, mqtt, password, sample, topic, username } = values;
    const rest = ['-i', clientId, '-u', username, '-P', password, '-t', topic, '-m', sample, ''];
    expect(run('mosquitto-pub').split('\0')).toEqual(
      ['-h', mqtt.host, '-p', '1883', '-q', '1'].concat(rest),
    );
    expect(run('mosquitto-pub-tls').split('\0')).toEqual(
      ['-h', mqtt.host, '-p', '8883', '-q', '1', '--cafile', 'onramp-ca.pem'].concat(rest),
    );
  });

  it('with TLS only where there is TLS, and by what the system trusts where no anchor is given', () => {
    const plain = { ...values, mqtt: { ...values.mqtt, tlsPort: null, tls: null } };
    expect(textOf('mosquitto-pub-tls', plain)).toBeNull();
    expect(JSON.stringify(snippetsOf(plain))).not.toContain('TLS');
    const known = { ...values, mqtt: { ...values.mqtt, tls: { fingerprint: 'AA', ca: null } } };
    expect(textOf('mosquitto-pub-tls', known)).toMatch(/^mosquitto_pub .* --tls-use-os-certs/);
    expect(textOf('python', known)).toContain('client.tls_set()');
  });

  it.skipIf(!programIsThere('python3')).each(['python', 'opc-ua'])('%s compiles', (id) => {
    const file = join(temporaryFolder(), 'snippet.py');
    writeFileSync(file, textOf(id)!);
    execFileSync('python3', ['-m', 'py_compile', file]);
  });

  it('the program for Node.js parses', () => {
    const file = join(temporaryFolder(), 'send.mjs');
    writeFileSync(file, textOf('nodejs')!);
    execFileSync(process.execPath, ['--check', file]);
  });

  it('the flow of Node-RED holds together, sends the sample, and has no password', () => {
    const text = textOf('node-red')!;
    expect(text).not.toContain(JSON.stringify(values.password).slice(1, -1));
    const flow = JSON.parse(text) as Record<string, unknown>[];
    const ids = new Set(flow.map(({ id }) => id));
    expect(ids.size).toBe(flow.length);
    for (const { wires = [], z, broker, type } of flow) {
      for (const id of (wires as string[][]).flat()) expect(ids).toContain(id);
      if (z !== undefined) expect(ids).toContain(z);
      if (type === 'mqtt out') expect(ids).toContain(broker);
    }
    const { func } = flow.find(({ type }) => type === 'function') as { func: string };
    const message = new Function('msg', func)({}) as { payload: unknown };
    expect(message.payload).toEqual(JSON.parse(values.sample));
    const server = flow.find(({ type }) => type === 'mqtt-broker');
    expect(server).toMatchObject({ broker: '10.0.0.5', port: '1883', clientid: 'acme.press-1' });
    expect(flow.find(({ type }) => type === 'comment')?.name).toContain('acme/press-1');
  });
});

describe('the command for Windows PowerShell', () => {
  const id = 'mosquitto-pub-powershell';
  const plain = { ...values, password: "it's $env:HOME `x` 'so'" };

  it('is quoted so that nothing is expanded and every version passes it on', () => {
    const [first, second, third] = textOf(id, plain)!.split('\n');
    const literal = /'(?:[^']|'')*'/g;
    const words = first!.match(literal)!.map((word) => word.slice(1, -1).replaceAll("''", "'"));
    expect(first!.replaceAll(literal, "''")).toBe(
      `$arguments = ${words.map(() => "''").join(', ')}`,
    );
    expect(words[words.indexOf('-P') + 1]).toBe(plain.password);
    expect(words[words.indexOf('-i') + 1]).toBe('acme.press-1');
    const [sample] = second!.match(literal)!;
    expect(second!.slice(sample.length)).toBe(
      ' | & "$env:ProgramFiles\\mosquitto\\mosquitto_pub.exe" @arguments -s',
    );
    const sent = sample.slice(1, -1).replaceAll("''", "'");
    expect(sent).toMatch(/^[\x20-\x7e]+$/);
    expect(JSON.parse(sent)).toEqual(JSON.parse(values.sample));
    expect(third).toBe('# TLS: -p 8883 --cafile onramp-ca.pem');
  });

  it.each(['with "quotes"', 'ends with \\', '密码'])(
    'is left out where the password could not be passed on: %s',
    (password) => {
      expect(textOf(id, { ...values, password })).toBeNull();
    },
  );
});
