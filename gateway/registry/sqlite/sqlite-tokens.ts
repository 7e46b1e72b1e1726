/** Tokens of the HTTP API in an SQLite file. */

import { timingSafeEqual } from 'node:crypto';
import type { StatementSync } from 'node:sqlite';
import { OnrampError } from '../../../model/errors.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { limits } from '../../../model/limits.ts';
import { secretBytes } from '../../../model/random.ts';
import { quoted } from '../device-check.ts';
import type { Page, PageRequest } from '../registry.ts';
import { generateSecret } from '../secrets.ts';
import { type NewToken, parseToken, type Role, type TokenEntry, type Tokens } from '../tokens.ts';
import { findEnterprise } from './directory-queries.ts';
import { appendNote, type Doer } from './life-table.ts';
import { checkLimit, pageOf } from './pages.ts';
import type { RegistryConnection } from './sqlite-part.ts';
import type { Row } from './sqlite-reader.ts';

const idAlphabet = 'abcdefghijklmnopqrstuvwxyz234567';
const idChars = 12;

/** How exact `lastUsedAtMs` is: a write at most that often for each token. */
const useNotedEveryMs = 60_000;

/**
 * Implements `Tokens`. What concerns no enterprise is in the audit trail with the enterprise ''.
 */
export class SqliteTokens implements Tokens {
  readonly #connection: RegistryConnection;
  readonly #find: StatementSync;
  readonly #noteUse: StatementSync;
  /** Tokens whose use is being noted. */
  readonly #noting = new Set<string>();

  constructor(connection: RegistryConnection) {
    this.#connection = connection;
    this.#find = connection.db.prepare('SELECT * FROM token WHERE id = ?');
    this.#noteUse = connection.db.prepare('UPDATE token SET last_used_at_ms = ? WHERE id = ?');
  }

  issue(
    token: NewToken,
    actor: string,
  ): Promise<{ readonly entry: TokenEntry; readonly text: string }> {
    const secret = generateSecret();
    return this.#connection.write(() => {
      const nowMs = this.#connection.clock.nowMs();
      checkToken(token, nowMs);
      this.#checkEnterprise(token.enterprise);
      this.#makeRoom(token.enterprise, nowMs);
      const id = generateId();
      this.#connection.db
        .prepare('INSERT INTO token VALUES (?, ?, ?, ?, ?, ?, ?, NULL, NULL)')
        .run(
          id,
          token.role,
          token.enterprise,
          token.name,
          secretHash(secret),
          nowMs,
          token.expiresAtMs,
        );
      const entry = tokenEntry(this.#find.get(id)!);
      this.#note(entry, 'token-issued', { actor, nowMs });
      return { entry, text: `onramp_${id}_${secret}` };
    });
  }

  #checkEnterprise(enterprise: string | null): void {
    if (enterprise === null || findEnterprise(this.#connection.db, enterprise) !== null) return;
    throw new OnrampError('registry.not-found', `enterprise ${quoted(enterprise)}`);
  }

  /** Forgets tokens that are void for long, then throws when there are too many left. */
  #makeRoom(enterprise: string | null, nowMs: number): void {
    const { db } = this.#connection;
    const forgottenMs = nowMs - limits.voidTokenKeptMs;
    db.prepare('DELETE FROM token WHERE min(expires_at_ms, coalesce(revoked_at_ms, ?1)) < ?1').run(
      forgottenMs,
    );
    const counts = db
      .prepare(
        `SELECT count(*) AS every, count(*) FILTER (WHERE enterprise = ?1) AS own
         FROM token WHERE revoked_at_ms IS NULL AND expires_at_ms > ?2`,
      )
      .get(enterprise, nowMs)!;
    if ((counts.every as number) >= limits.tokensMax) {
      throw new OnrampError('registry.too-many', `${limits.tokensMax} tokens in all`);
    }
    if ((counts.own as number) >= limits.tokensPerEnterpriseMax) {
      const detail = `${limits.tokensPerEnterpriseMax} tokens of ${enterprise}`;
      throw new OnrampError('registry.too-many', detail);
    }
  }

  async verify(text: string): Promise<TokenEntry | null> {
    const parsed = parseToken(text);
    if (parsed === null) return null;
    const { id, secret } = parsed;
    const row = this.#connection.read(() => this.#find.get(id));
    if (row === undefined) return null;
    if (!timingSafeEqual(row.secret_hash as Uint8Array, secretHash(secret))) return null;
    const entry = tokenEntry(row);
    const nowMs = this.#connection.clock.nowMs();
    if (entry.revokedAtMs !== null || entry.expiresAtMs <= nowMs) return null;
    this.#used(entry, nowMs);
    return entry;
  }

  /** A use that could not be noted is no reason to refuse it; the next one is noted. */
  #used({ id, lastUsedAtMs }: TokenEntry, nowMs: number): void {
    // The distance, because a clock may have been set back.
    if (lastUsedAtMs !== null && Math.abs(nowMs - lastUsedAtMs) < useNotedEveryMs) return;
    if (this.#noting.has(id)) return;
    this.#noting.add(id);
    this.#connection
      .write(() => this.#noteUse.run(nowMs, id))
      .catch(() => undefined)
      .finally(() => this.#noting.delete(id));
  }

  async list(
    { enterprise }: { readonly enterprise?: string | undefined },
    { after = '', limit }: PageRequest,
  ): Promise<Page<TokenEntry>> {
    checkLimit(limit, limits.apiPageRowsMax);
    const { db, read } = this.#connection;
    const found = read(() =>
      enterprise === undefined
        ? db.prepare('SELECT * FROM token WHERE id > ? ORDER BY id LIMIT ?').all(after, limit + 1)
        : db
            .prepare('SELECT * FROM token WHERE enterprise = ? AND id > ? ORDER BY id LIMIT ?')
            .all(enterprise, after, limit + 1),
    );
    return pageOf(found.map(tokenEntry), limit, (entry) => entry.id);
  }

  revoke(id: string, actor: string): Promise<TokenEntry> {
    return this.#connection.write(() => {
      const row = this.#find.get(id);
      if (row === undefined) throw new OnrampError('registry.not-found', `token ${quoted(id)}`);
      const entry = tokenEntry(row);
      if (entry.revokedAtMs !== null) return entry;
      const nowMs = this.#connection.clock.nowMs();
      this.#connection.db.prepare('UPDATE token SET revoked_at_ms = ? WHERE id = ?').run(nowMs, id);
      this.#note(entry, 'token-revoked', { actor, nowMs });
      return { ...entry, revokedAtMs: nowMs };
    });
  }

  #note(entry: TokenEntry, event: string, doer: Doer): void {
    const cause = `${entry.id}, ${entry.role}${entry.name === '' ? '' : `: ${entry.name}`}`;
    const enterprise = entry.enterprise ?? '';
    appendNote(this.#connection.db, { enterprise, event, cause }, doer);
  }
}

const roles: readonly Role[] = ['operator', 'enterprise', 'viewer'];

/** Throws `registry.token-invalid` when `token` may not be issued at `nowMs`. */
function checkToken({ role, enterprise, name, expiresAtMs }: NewToken, nowMs: number): void {
  const mistakes: readonly [boolean, string][] = [
    [!roles.includes(role), `role must be ${roles.join(', ')}`],
    [role === 'operator' && enterprise !== null, 'an operator has no enterprise'],
    [role === 'enterprise' && enterprise === null, 'the role enterprise needs one'],
    [name.length > limits.textCharsMax, `a name has at most ${limits.textCharsMax} characters`],
    [!Number.isSafeInteger(expiresAtMs) || expiresAtMs <= nowMs, 'it must expire in the future'],
    [expiresAtMs > nowMs + limits.tokenLifeMsMax, 'it must expire within 366 days'],
  ];
  const details = mistakes.filter(([wrong]) => wrong).map(([, detail]) => detail);
  if (details.length > 0) throw new OnrampError('registry.token-invalid', details);
}

/** 60 random bits; the secret is what must not be guessed. */
function generateId(): string {
  return Array.from(secretBytes(idChars), (byte) => idAlphabet[byte & 31]).join('');
}

function tokenEntry(row: Row): TokenEntry {
  return {
    id: row.id as string,
    role: row.role as Role,
    enterprise: row.enterprise as string | null,
    name: row.name as string,
    createdAtMs: row.created_at_ms as number,
    expiresAtMs: row.expires_at_ms as number,
    revokedAtMs: row.revoked_at_ms as number | null,
    lastUsedAtMs: row.last_used_at_ms as number | null,
  };
}
