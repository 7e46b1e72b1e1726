/** The house rules that no linter knows: sizes, the only clock, the only randomness, one language. */

import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { errorTable } from '../model/errors.ts';

const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '*.ts'], {
  encoding: 'utf8',
})
  .split('\n')
  .filter((file) => file !== '');
const product = files.filter((file) => !file.startsWith('test/'));

function offenders(paths: readonly string[], wrong: (text: string, path: string) => boolean) {
  return paths.filter((path) => wrong(readFileSync(path, 'utf8'), path));
}

test('no file has more than 400 lines', () => {
  expect(offenders(files, (text) => text.split('\n').length > 401)).toEqual([]);
});

test('every file of the product opens with what it is', () => {
  const opens = /^(#!.*\n)?(\/\*\*|\/\/ )/;
  const exempt = (path: string) =>
    /(^|\/)index\.ts$|vite\.config|vitest\.config|\.d\.ts$/.test(path);
  expect(
    offenders(
      product.filter((path) => !exempt(path)),
      (text) => !opens.test(text),
    ),
  ).toEqual([]);
});

test('only the clocks of the model read time, only model/random.ts makes randomness', () => {
  const clock =
    /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\b(setTimeout|setInterval)\(|\bprocess\.hrtime\b/;
  const clocks = new Set(['model/clock.ts', 'model/machine-clock.ts']);
  const random = /\bMath\.random\b|\brandomBytes\b|\brandomUUID\b|\bgetRandomValues\b/;
  const allowed = (path: string) => path.startsWith('dashboards/') || path === 'vitest.config.ts';
  const checked = product.filter((path) => !allowed(path));
  const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  expect(offenders(checked, (text, path) => !clocks.has(path) && clock.test(code(text)))).toEqual(
    [],
  );
  expect(
    offenders(checked, (text, path) => path !== 'model/random.ts' && random.test(code(text))),
  ).toEqual([]);
});

test('nothing is left behind', () => {
  const marker = new RegExp(
    `\\b(${['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].join('|')})\\b`,
  );
  const skipped = /\b(test|it|describe)\.(skip|only|todo)\(/;
  expect(offenders(files, (text) => marker.test(text) || skipped.test(text))).toEqual([]);
});

describe('who may import whom', () => {
  const forbidden = [
    ['model', '../gateway/config.ts'],
    ['model', '../simulator/run.ts'],
    ['broker', '../gateway/config.ts'],
    ['gateway/api', '../../simulator/run.ts'],
    ['gateway', '../benchmarks/demo.ts'],
    ['simulator/client', '../../broker/front-door.ts'],
    ['simulator', '../gateway/config.ts'],
    ['benchmarks', '../broker/front-door.ts'],
    ['dashboards/live', '../../gateway/config.ts'],
  ] as const;
  const allowed = [
    ['gateway', '../broker/front-door.ts'],
    ['benchmarks', '../simulator/run.ts'],
    ['simulator', '../model/clock.ts'],
  ] as const;
  const folder = mkdtempSync(join(tmpdir(), 'onramp-rooms-'));
  const probe = (imports: readonly (readonly [string, string])[], name: string) => {
    for (const [index, [room, imported]] of imports.entries()) {
      mkdirSync(join(folder, room), { recursive: true });
      const file = join(folder, room, `${name}-${index}.ts`);
      writeFileSync(file, `import { x } from '${imported}';\n\nexport const y = x;\n`);
    }
  };
  let report = '';

  beforeAll(() => {
    copyFileSync('biome.json', join(folder, 'biome.json'));
    probe(forbidden, 'forbidden');
    probe(allowed, 'allowed');
    const biome = join(process.cwd(), 'node_modules/.bin/biome');
    const args = ['lint', '--vcs-enabled=false', '--max-diagnostics=none', '.'];
    const { stdout, stderr } = spawnSync(biome, args, { cwd: folder, encoding: 'utf8' });
    report = stdout + stderr;
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each(forbidden.map(([room, imported], i) => [room, imported, i] as const))(
    '%s may not import %s',
    (room, _imported, index) => {
      expect(report).toContain(`${room}/forbidden-${index}.ts:1:19 lint/style/noRestrictedImports`);
    },
  );

  test('what the rules allow passes', () => {
    expect(report).not.toContain('allowed-');
  });
});

describe('the error table', () => {
  const source = product
    .filter((path) => !path.startsWith('model/errors'))
    .map((path) => readFileSync(path, 'utf8'))
    .join('\n');

  test.each(Object.keys(errorTable))('%s is used', (code) => {
    expect(source).toContain(`'${code}'`);
  });

  test.each(Object.entries(errorTable))('%s says what to do in both languages', (code, entry) => {
    expect(code).toMatch(/^[a-z]+\.[a-z0-9-]+$/);
    expect(entry.en).toMatch(/[.)]$/);
    expect(entry.zh).toMatch(/[。)]$/);
  });
});
