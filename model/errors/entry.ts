/** What the table of errors says about each. */

export interface ErrorEntry {
  /** The same input may succeed later, without anybody changing it. */
  readonly retry: boolean;
  /** What happened and what to do, for people. */
  readonly en: string;
  readonly zh: string;
}

/** A row of the table. */
export const entry = (retry: boolean, en: string, zh: string): ErrorEntry => ({ retry, en, zh });
