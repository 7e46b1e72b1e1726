import { expect, test } from 'vitest';
import {
  mergeParameters,
  parameterFlags,
  writtenParameters,
} from '../../benchmarks/scenarios/parameters.ts';
import { parseParameters } from '../helpers/run-parameters.ts';

test('text and values are the same; later sources count', () => {
  const problems: string[] = [];
  const nameOf = (name: string) => name;
  const parameters = mergeParameters(
    [
      { said: { devices: 10, enterprises: 2, interval: '2s', tls: true }, nameOf },
      { said: { devices: '30', interval: 'nominal', tls: undefined, workers: 'auto' }, nameOf },
    ],
    problems,
  );
  expect(problems).toEqual([]);
  expect(parameters).toMatchObject({
    devices: 30,
    enterprises: 2,
    interval: 'nominal',
    tls: true,
    workers: 'auto',
    qos: 1,
    lateAfter: 10_000,
  });
});

test('every mistake is told at once, under the name its source gives it', () => {
  const problems: string[] = [];
  const parameters = mergeParameters(
    [
      { said: { devices: 0, colour: 'red', tls: 'yes' }, nameOf: (name) => `file: ${name}` },
      { said: { interval: '15ms', duration: '5', qos: 2 }, nameOf: (name) => `--${name}` },
    ],
    problems,
  );
  expect(parameters).toBe(null);
  expect(problems.sort()).toEqual([
    '--duration: must be a duration such as 500ms, 10s, 2m, 1ms or longer',
    '--interval: must be a duration such as 500ms, 10s, 2m, 10ms or longer, a multiple of 10ms, or "nominal"',
    '--qos: must be 0 or 1',
    'file: colour: there is no such parameter',
    'file: devices: must be a whole number from 1 to 1000000',
    'file: tls: must be true or false',
  ]);
});

test('more enterprises than devices is a mistake', () => {
  expect(() => parseParameters({ devices: 3, enterprises: 4 })).toThrow(/4 enterprises own 3/);
});

test('a report has them as a person would write them', () => {
  const written = writtenParameters(parseParameters({ interval: 90_000, outage: '2m' }));
  expect(written).toMatchObject({ interval: '90s', outage: '2m', devices: 200, tls: false });
  expect(parseParameters(written as never)).toEqual(parseParameters({ interval: '90s' }));
});

test('every parameter is a flag, a switch also with no-', () => {
  const flags = parameterFlags().map(({ flag }) => flag);
  expect(flags).toContain('--connect-rate <N|fastest>');
  expect(flags).toContain('--late-after <DURATION>');
  expect(flags).toContain('--tls');
  expect(flags).toContain('--no-tls');
  expect(new Set(flags).size).toBe(flags.length);
});
