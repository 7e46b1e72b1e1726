/** Every dialect, one line each. */

import type { Dialect } from './dialect.ts';
import { native } from './native.ts';

export const dialects = {
  native,
} as const satisfies Record<string, Dialect>;
