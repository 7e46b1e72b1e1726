/** Every dialect, one line each. */

import type { Dialect } from './dialect.ts';
import { nativeDialect } from './native.ts';

export const dialects = {
  native: nativeDialect,
} as const satisfies Record<string, Dialect>;

export type DialectId = keyof typeof dialects;
