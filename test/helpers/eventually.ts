/** Waiting for something that happens in its own time. */

import { expect } from 'vitest';

/**
 * Asserts about what `actual` returns, again and again until it holds. The limit only ends a test
 * that would never pass; it is far beyond what a slow machine needs.
 */
export function eventually<T>(actual: () => T) {
  return expect.poll(actual, { timeout: 30_000, interval: 5 });
}
