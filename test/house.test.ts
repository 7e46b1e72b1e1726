/** The house rules that no linter knows: sizes, the only clock, the only randomness, one language. */

import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
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

test('only model/clock.ts reads time, only model/random.ts makes randomness', () => {
  const clock =
    /\bDate\.now\b|\bnew Date\(\)|\bperformance\.now\b|\b(setTimeout|setInterval)\(|\bprocess\.hrtime\b/;
  const random = /\bMath\.random\b|\brandomBytes\b|\brandomUUID\b|\bgetRandomValues\b/;
  const allowed = (path: string) => path.startsWith('dashboards/') || path === 'vitest.config.ts';
  const checked = product.filter((path) => !allowed(path));
  const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  expect(
    offenders(checked, (text, path) => path !== 'model/clock.ts' && clock.test(code(text))),
  ).toEqual([]);
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
  test.each([
    ['model/example.ts', '../gateway/config.ts'],
    ['model/example.ts', '../simulator/run.ts'],
    ['broker/example.ts', '../gateway/config.ts'],
    ['gateway/api/example.ts', '../../simulator/run.ts'],
    ['gateway/example.ts', '../benchmarks/demo.ts'],
    ['simulator/client/example.ts', '../../broker/front-door.ts'],
    ['simulator/example.ts', '../gateway/config.ts'],
    ['benchmarks/example.ts', '../broker/front-door.ts'],
  ])('%s may not import %s', (path, imported) => {
    const source = `import { x } from '${imported}';\nexport const y = x;\n`;
    const { status, stdout, stderr } = spawnSync(
      'node_modules/.bin/biome',
      ['lint', `--stdin-file-path=${path}`],
      { input: source, encoding: 'utf8' },
    );
    expect(stdout + stderr).toContain('noRestrictedImports');
    expect(status).not.toBe(0);
  });

  test.each([
    ['gateway/example.ts', '../broker/front-door.ts'],
    ['benchmarks/example.ts', '../simulator/run.ts'],
    ['simulator/example.ts', '../model/clock.ts'],
  ])('%s may import %s', (path, imported) => {
    const source = `import { x } from '${imported}';\n\nexport const y = x;\n`;
    const { stdout, stderr } = spawnSync(
      'node_modules/.bin/biome',
      ['lint', `--stdin-file-path=${path}`],
      { input: source, encoding: 'utf8' },
    );
    expect(stdout + stderr).not.toContain('noRestrictedImports');
  });
});

describe('the error table', () => {
  const source = product
    .filter((path) => path !== 'model/errors.ts')
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
