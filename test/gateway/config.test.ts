import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { loadSettings, parseSettings } from '../../gateway/config.ts';
import { OnrampError } from '../../model/errors.ts';

const folder = mkdtempSync(join(tmpdir(), 'onramp-config-'));
afterAll(() => rmSync(folder, { recursive: true }));

function mistakes(load: () => unknown): readonly string[] {
  try {
    load();
  } catch (error) {
    expect(error).toBeInstanceOf(OnrampError);
    expect((error as OnrampError).code).toBe('config.invalid');
    return (error as OnrampError).details;
  }
  throw new Error('the configuration was accepted');
}

describe('a configuration file', () => {
  test('with three mistakes gets all three named at once', () => {
    const file = join(folder, 'three.yaml');
    writeFileSync(
      file,
      'broker: { port: 99999 }\nreadings: { ageMax: soon }\nstore: { kind: influxdb, url: "http://127.0.0.1:8086", databse: x }\n',
    );
    const found = mistakes(() => loadSettings(file, {}));
    expect(found).toHaveLength(3);
    expect(found.join('\n')).toMatch(/broker\.port/);
    expect(found.join('\n')).toMatch(/readings\.ageMax/);
    expect(found.join('\n')).toMatch(/databse: there is no such setting/);
  });

  test.each([
    ['no mapping', '- a\n- b\n', /not valid YAML/],
    ['broken YAML', 'a: [1,\n', /not valid YAML/],
    ['open to the network', 'lan: true\nbroker: { access: open }\n', /open binds to loopback only/],
    ['half a certificate', 'broker: { tlsKeyFile: key.pem }\n', /tlsCertFile: is missing/],
    ['neither a number of workers nor auto', 'workers: many\n', /workers/],
    ['an unknown store', 'store: { kind: oracle }\n', /store/],
  ])('with %s is refused', (_what, text, expected) => {
    const file = join(folder, 'bad.yaml');
    writeFileSync(file, text);
    expect(mistakes(() => loadSettings(file, {})).join('\n')).toMatch(expected);
  });

  test('that is not there is refused by name', () => {
    expect(mistakes(() => loadSettings(join(folder, 'nowhere.yaml'), {})).join()).toMatch(
      /nowhere/,
    );
  });

  test('yields to flags, level by level, and is frozen', () => {
    const file = join(folder, 'good.yaml');
    writeFileSync(file, 'broker: { port: 1884, sessionsMax: 7 }\nreadings: { ageMax: 2d }\n');
    const over = { workers: 'auto', broker: { port: 1900, tlsPort: undefined } };
    const settings = loadSettings(file, over);
    expect(settings.workers).toBe('auto');
    expect(settings.broker).toMatchObject({ port: 1900, sessionsMax: 7, tlsPort: 8883 });
    expect(settings.readings.ageMax).toBe(2 * 86_400_000);
    expect(Object.isFrozen(settings.broker)).toBe(true);
  });
});

test('without a word everything has a default: loopback, the embedded store', () => {
  expect(parseSettings({})).toMatchObject({
    lan: false,
    workers: 1,
    store: { kind: 'embedded' },
    broker: { access: 'authenticated', port: 1883 },
  });
});
