/** Answers that go on, which end with the token they were asked for with. */

import type { Readable } from 'node:stream';
import type { Clock, Timer } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { Identity } from './roles.ts';

/** An expired token's streams end at most this much later. */
const sweepMs = 5000;

declare module 'fastify' {
  interface FastifyInstance {
    openStreams: OpenStreams;
  }
}

/** The streams of one application, and whose they are. */
export class OpenStreams {
  readonly #clock: Clock;
  readonly #streams = new Map<Readable, Identity>();
  #timer: Timer | null = null;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#streams.size;
  }

  /**
   * Opens a stream for `identity` with `open`, whose errors pass.
   * @throws OnrampError `api.too-many-viewers` when its token, or its enterprise, has as many as it
   * may.
   */
  open(identity: Identity, open: () => Readable): Readable {
    const { actor, enterprise, expiresAtMs } = identity;
    const ofToken = this.#count((other) => other.actor === actor);
    // The operator's own, which no token of the registry is, does not expire.
    const { apiViewersOfOperatorMax, apiViewersPerEnterpriseMax, apiViewersPerTokenMax } = limits;
    const tokenMax = expiresAtMs === null ? apiViewersOfOperatorMax : apiViewersPerTokenMax;
    if (ofToken >= tokenMax) {
      throw new OnrampError('api.too-many-viewers', `at most ${tokenMax} with one token`);
    }
    const ofEnterprise = this.#count((other) => other.enterprise === enterprise);
    if (enterprise !== null && ofEnterprise >= apiViewersPerEnterpriseMax) {
      const detail = `at most ${apiViewersPerEnterpriseMax} of one enterprise`;
      throw new OnrampError('api.too-many-viewers', detail);
    }
    const stream = open();
    this.#streams.set(stream, identity);
    this.#timer ??= this.#clock.every(sweepMs, () => this.#endExpired());
    stream.once('close', () => this.#forget(stream));
    return stream;
  }

  /** Ends what was opened with the token of `actor`. */
  endOf(actor: string): void {
    this.#end((identity) => identity.actor === actor);
  }

  #endExpired(): void {
    const nowMs = this.#clock.nowMs();
    this.#end(({ expiresAtMs }) => expiresAtMs !== null && expiresAtMs <= nowMs);
  }

  #end(concerns: (identity: Identity) => boolean): void {
    for (const [stream, identity] of [...this.#streams]) {
      if (concerns(identity)) stream.destroy();
    }
  }

  #count(concerns: (identity: Identity) => boolean): number {
    let count = 0;
    for (const identity of this.#streams.values()) {
      if (concerns(identity)) count += 1;
    }
    return count;
  }

  #forget(stream: Readable): void {
    this.#streams.delete(stream);
    if (this.#streams.size > 0) return;
    this.#timer?.cancel();
    this.#timer = null;
  }
}
