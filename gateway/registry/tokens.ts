/** Tokens of the HTTP API: who may ask for what, for how long. */

import type { Page, PageRequest } from './registry.ts';

/**
 * `operator` may do everything; `enterprise` sees and changes what belongs to its own enterprise;
 * `viewer` only reads, everything or one enterprise.
 */
export type Role = 'operator' | 'enterprise' | 'viewer';

export interface NewToken {
  readonly role: Role;
  /** Needed for `enterprise`, forbidden for `operator`. */
  readonly enterprise: string | null;
  /** For people; at most `textCharsMax` characters. */
  readonly name: string;
  readonly expiresAtMs: number;
}

/** A token as lists show it: nothing of its secret. */
export interface TokenEntry extends NewToken {
  readonly id: string;
  readonly createdAtMs: number;
  readonly revokedAtMs: number | null;
  /** To about a minute. */
  readonly lastUsedAtMs: number | null;
}

export interface Tokens {
  /** `text` is shown once and stored nowhere; only its hash is. Rejects with `registry.*`. */
  issue(
    token: NewToken,
    actor: string,
  ): Promise<{ readonly entry: TokenEntry; readonly text: string }>;
  /** The token that `text` is, when it is neither expired nor revoked; else null. */
  verify(text: string): Promise<TokenEntry | null>;
  list(
    filter: { readonly enterprise?: string | undefined },
    page: PageRequest,
  ): Promise<Page<TokenEntry>>;
  /** Takes effect at once. Rejects with `registry.not-found`. */
  revoke(id: string, actor: string): Promise<TokenEntry>;
}
