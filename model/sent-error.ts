/** An error on its way to another process. */

import { type ErrorCode, messageOf, OnrampError } from './errors.ts';

/** What is left of an error when it is sent. */
export interface SentError {
  /** Null when it is none of ours. */
  readonly code: ErrorCode | null;
  readonly details: readonly string[];
  readonly message: string;
}

/** Makes an error ready to be sent. */
export function toSentError(error: unknown): SentError {
  if (!(error instanceof OnrampError)) {
    return { code: null, details: [], message: messageOf(error) };
  }
  return { code: error.code, details: error.details, message: error.message };
}

/** The error the other process had. */
export function fromSentError({ code, details, message }: SentError): Error {
  return code === null ? new Error(message) : new OnrampError(code, details);
}
