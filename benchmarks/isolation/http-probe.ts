/** One attempt over HTTP, as data, and what is asked. */

import type { TokenName } from './names.ts';
import type { Outcome } from './outcome.ts';

/** A request as it leaves. */
export interface HttpRequest {
  readonly method: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is when a text, else as JSON. */
  readonly body?: unknown;
}

export interface HttpProbe {
  /** Whose token is presented. Probes of one token follow one another. */
  readonly token: TokenName;
  readonly what: string;
  readonly request: HttpRequest;
  /**
   * Asked as well; the answers must be the same but for these texts, the one in place of the other:
   * who compares them must not learn which enterprise exists.
   */
  readonly twin?: { readonly request: HttpRequest; readonly texts: readonly [string, string] };
  /** What must not stand in the answer, whatever else does. */
  readonly never: readonly string[];
  readonly expects: Outcome;
}
