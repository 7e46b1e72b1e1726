/** Both languages say everything, and nothing is said that nobody hears. */

import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { reportPaths } from '../../../benchmarks/harness/report-shape.ts';
import { dictionary } from '../../../benchmarks/report/dictionary.ts';

const files = execFileSync(
  'git',
  ['ls-files', '-co', '--exclude-standard', 'benchmarks/report/*.ts'],
  {
    encoding: 'utf8',
  },
);
const source = files
  .split('\n')
  .filter((file) => file !== '' && !file.endsWith('dictionary.ts'))
  .map((file) => readFileSync(file, 'utf8'))
  .join('\n');

const placeholders = (text: string): string[] => (text.match(/\{\w+\}/g) ?? []).sort();
const entries = Object.entries(dictionary);

test.each(entries)('%s is there in both languages, with the same values', (_key, { en, zh }) => {
  expect(en.trim()).not.toBe('');
  expect(zh.trim()).not.toBe('');
  expect(placeholders(zh)).toEqual(placeholders(en));
});

/** Made of a name that a report or a list of the source holds. */
const named =
  /^(stage|group|phase|path)\.|^(verdict|proof|heat|resources)\.(pass|fail|invalid|client|broker|kernel|store|connect|ack|stored|cores|memory)/;

test.each(entries.map(([key]) => key).filter((key) => !named.test(key)))('%s is used', (key) => {
  expect(source.includes(`'${key}'`)).toBe(true);
});

describe('names of numbers', () => {
  const paths = entries.map(([key]) => key).filter((key) => key.startsWith('path.'));

  test.each(paths)('%s is in a report', (key) => {
    const path = key.slice('path.'.length);
    expect(reportPaths.has(path) || reportPaths.has(`${path}.p99`)).toBe(true);
  });

  test('every finding has one', () => {
    const findings = [...reportPaths].filter((path) => path.startsWith('findings.'));
    expect(findings.map((path) => `path.${path}`).filter((key) => !paths.includes(key))).toEqual(
      [],
    );
  });
});
