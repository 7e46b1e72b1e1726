import { describe, expect, it } from 'vitest';
import { durationText, parseDurationMs } from '../../model/duration.ts';

describe('parseDurationMs', () => {
  it.each([
    ['500ms', 500],
    ['10s', 10_000],
    ['2m', 120_000],
    ['1h', 3_600_000],
    ['1.5d', 129_600_000],
    ['0s', 0],
    ['0.1s', 100],
  ])('reads %s', (text, expected) => expect(parseDurationMs(text)).toBe(expected));

  it.each([
    '',
    '10',
    's',
    '-1s',
    '1 s',
    '1S',
    '1e3s',
    '10sec',
    '.5s',
    '1h30m',
    `${'9'.repeat(20)}d`,
  ])('refuses "%s"', (text) => expect(parseDurationMs(text)).toBeNull());
});

it.each([
  [31_622_400_000, '366d'],
  [5_400_000, '90m'],
  [1500, '1500ms'],
  [1000, '1s'],
])('durationText writes %s', (milliseconds, text) => {
  expect(durationText(milliseconds)).toBe(text);
  expect(parseDurationMs(text)).toBe(milliseconds);
});
