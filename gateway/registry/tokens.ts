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

/** `onramp_{id}_{secret}`: the secret is 256 bits in base64url. */
const tokenPattern = /^onramp_([a-z0-9]{10,16})_([A-Za-z0-9_-]{43})$/;

/** The parts of a token's text; null when it is none. */
export function parseToken(text: string): { readonly id: string; readonly secret: string } | null {
  const match = tokenPattern.exec(text);
  return match === null ? null : { id: match[1]!, secret: match[2]! };
}
