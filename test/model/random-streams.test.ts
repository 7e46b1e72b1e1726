import { expect, test } from 'vitest';
import { hash32, normalAt, seededStreams } from '../../model/random.ts';

function moments(draw: (i: number) => number, count = 20_000) {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const value = draw(i);
    sum += value;
    squares += value * value;
  }
  const mean = sum / count;
  return { mean, variance: squares / count - mean * mean };
}

test('each stream repeats from its seed, untouched by the others', () => {
  const streams = seededStreams(3);
  const take = (row: number, seed: number, disturb: boolean) => {
    streams.seed(row, seed);
    return Array.from({ length: 50 }, () => {
      if (disturb) {
        streams.select(0);
        streams.next();
      }
      streams.select(row);
      return streams.next() + streams.normal();
    });
  };
  const once = take(1, 42, false);
  expect(take(2, 42, true)).toEqual(once);
  expect(take(2, 43, false)).not.toEqual(once);
});

test('uniform and normal have the moments they should', () => {
  const streams = seededStreams(1);
  streams.seed(0, 7);
  streams.select(0);
  const uniform = moments(() => streams.next());
  expect(Math.abs(uniform.mean - 0.5)).toBeLessThan(0.01);
  expect(Math.abs(uniform.variance - 1 / 12)).toBeLessThan(0.005);
  const normal = moments(() => streams.normal());
  expect(Math.abs(normal.mean)).toBeLessThan(0.03);
  expect(Math.abs(normal.variance - 1)).toBeLessThan(0.05);
});

test('normalAt depends on nothing but its arguments, and neighbours are unrelated', () => {
  const forward = Array.from({ length: 100 }, (_, i) => normalAt(5, i));
  const backward = Array.from({ length: 100 }, (_, i) => normalAt(5, 99 - i)).toReversed();
  expect(backward).toEqual(forward);
  const overPositions = moments((i) => normalAt(9, i));
  const overSeeds = moments((i) => normalAt(i, 9));
  for (const { mean, variance } of [overPositions, overSeeds]) {
    expect(Math.abs(mean)).toBeLessThan(0.03);
    expect(Math.abs(variance - 1)).toBeLessThan(0.05);
  }
  const correlation = moments((i) => normalAt(9, i) * normalAt(9, i + 1)).mean;
  expect(Math.abs(correlation)).toBeLessThan(0.03);
});

test('hashes of neighbours collide no more than chance', () => {
  const hashes = new Set<number>();
  for (let a = 0; a < 100; a++) for (let b = 0; b < 100; b++) hashes.add(hash32(a, b));
  expect(hashes.size).toBeGreaterThan(9_995);
});
