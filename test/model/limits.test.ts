import { expect, test } from 'vitest';
import { limits } from '../../model/limits.ts';

test('limits are frozen', () => {
  expect(Object.isFrozen(limits)).toBe(true);
});
