/**
 * Every error of Onramp: a stable code, whether trying again helps, and what to do about it.
 * Codes are never reused for another meaning.
 */

import { deviceErrors } from './errors/device.ts';
import { onboardingErrors } from './errors/onboarding.ts';
import { operatorErrors } from './errors/operator.ts';
import { platformErrors } from './errors/platform.ts';

/** All codes, by whose doing an error is. */
export const errorTable = {
  ...deviceErrors,
  ...onboardingErrors,
  ...platformErrors,
  ...operatorErrors,
};

/** A stable error code. */
export type ErrorCode = keyof typeof errorTable;

/** An error with a stable code, a sentence that says what to do, and an optional detail. */
export class OnrampError extends Error {
  readonly code: ErrorCode;
  /** What exactly was wrong; one entry for each mistake. */
  readonly details: readonly string[];

  constructor(code: ErrorCode, details: string | readonly string[] = [], cause?: unknown) {
    const list = typeof details === 'string' ? [details] : details;
    const suffix = list.length > 0 ? ` (${list.join('; ')})` : '';
    super(`${code}: ${errorTable[code].en}${suffix}`, cause === undefined ? undefined : { cause });
    this.name = 'OnrampError';
    this.code = code;
    this.details = list;
  }

  /** True when the same input may succeed later. */
  get retry(): boolean {
    return errorTable[this.code].retry;
  }
}

/** The code of `error`, or null when it is not one of ours. */
export function errorCodeOf(error: unknown): ErrorCode | null {
  return error instanceof OnrampError ? error.code : null;
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
