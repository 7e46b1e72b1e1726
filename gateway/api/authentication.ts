/** Whose token a request carries, and whether it may ask at all. */

import { timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';
import { secretHash } from '../../model/fleet-secret.ts';
import { limits } from '../../model/limits.ts';
import type { Registry } from '../registry/registry.ts';
import { parseToken } from '../registry/tokens.ts';
import { audienceOf, type Identity, mayUse, operatorOnly } from './roles.ts';
import { anybody } from './route.ts';
import { TokenLimiter } from './token-limiter.ts';

export interface AuthenticationOptions {
  /** The token of the file in the data folder, in the clear. */
  readonly operatorToken: string;
  readonly registry: Pick<Registry, 'tokens'>;
  readonly clock: Clock;
}

/**
 * Gives every request to routes of `app` its identity, from `Authorization: Bearer {token}` (RFC
 * 6750 §2.1): the token in a query string is no token, for it would end up in logs and histories.
 * Refuses with `api.unauthorized` who has none, with `api.too-many-failures` (and Retry-After) who
 * keeps guessing at one token, or an address from which more are tried than are looked up, and with
 * `api.forbidden` who may not use the route.
 *
 * Tokens are asked for each time, so that a revoked one is void at once. One that was right before
 * is let in whatever others on its address do; what is no token at all is not looked up.
 */
export function authenticate(app: FastifyInstance, options: AuthenticationOptions): void {
  const gate = new TokenGate(options);
  app.decorateRequest('identity');
  app.addHook('onRequest', async (request, reply) => {
    request.identity = anybody;
    const access = request.routeOptions.config.declared?.access;
    if (access === 'open') return;
    const identity = await gate.identityOf(request, reply);
    if (!mayUse(access, request.method, identity)) {
      throw new OnrampError('api.forbidden', audienceOf(access ?? operatorOnly).join(', '));
    }
    request.identity = identity;
  });
}

class TokenGate {
  readonly #options: AuthenticationOptions;
  readonly #operatorHash: Buffer;
  readonly #limiter = new TokenLimiter();
  /** Hashes of tokens that were right when they were last asked for; the newest last. */
  readonly #knownGood = new Set<string>();

  constructor(options: AuthenticationOptions) {
    this.#options = options;
    this.#operatorHash = secretHash(options.operatorToken);
  }

  async identityOf(request: FastifyRequest, reply: FastifyReply): Promise<Identity> {
    const text = bearerToken(request.headers.authorization);
    if (text === null) throw unauthorized(reply);
    const hash = secretHash(text);
    // Hashes have one length, so that the comparison tells nothing of the token's.
    if (timingSafeEqual(hash, this.#operatorHash)) {
      return { role: 'operator', enterprise: null, actor: 'operator', expiresAtMs: null };
    }
    const id = parseToken(text)?.id;
    if (id === undefined) throw unauthorized(reply);
    const key = hash.toString('base64url');
    const isKnown = this.#knownGood.has(key);
    const nowMs = () => this.#options.clock.monotonicMs();
    if (!isKnown) refuseUntil(this.#limiter.take(request.ip, id, nowMs()), reply);
    const entry = await this.#options.registry.tokens.verify(text);
    this.#knownGood.delete(key);
    if (entry === null) {
      this.#limiter.wrong(request.ip, id, nowMs());
      throw unauthorized(reply);
    }
    if (!isKnown) this.#limiter.right(request.ip, nowMs());
    this.#remember(key);
    const { role, enterprise, expiresAtMs } = entry;
    return { role, enterprise, actor: tokenActor(entry.id), expiresAtMs };
  }

  #remember(key: string): void {
    this.#knownGood.add(key);
    if (this.#knownGood.size <= limits.apiTokensKnownMax) return;
    const [oldest] = this.#knownGood;
    this.#knownGood.delete(oldest!);
  }
}

/** Who acts with the token of that id. */
export function tokenActor(id: string): string {
  return `token:${id}`;
}

/** Throws `api.too-many-failures` unless there is nothing to wait for. */
function refuseUntil(waitMs: number, reply: FastifyReply): void {
  if (waitMs === 0) return;
  reply.header('retry-after', Math.ceil(waitMs / 1000));
  throw new OnrampError('api.too-many-failures');
}

function unauthorized(reply: FastifyReply): OnrampError {
  reply.header('www-authenticate', 'Bearer realm="onramp"');
  return new OnrampError('api.unauthorized');
}

function bearerToken(header: string | undefined): string | null {
  return /^Bearer +(\S+)$/i.exec(header ?? '')?.[1] ?? null;
}
