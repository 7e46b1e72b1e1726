import { expect, test } from 'vitest';
import { tellsWayOnBoard } from '../../benchmarks/onboarding/audit-sample.ts';

test.each([
  [['register', 'claim', 'issue', 'connect', 'store'], true],
  // It asked again, and fell silent later.
  [['register', 'claim', 'issue', 'claim', 'issue', 'connect', 'store', 'silence', 'store'], true],
  [['register', 'claim', 'issue', 'store'], false],
  [['register', 'issue', 'claim', 'connect', 'store'], false],
  [['register', 'claim', 'issue', 'connect'], false],
  [[], false],
])('a trail of %j tells the whole way: %s', (events, tells) => {
  expect(tellsWayOnBoard(events)).toBe(tells);
});
