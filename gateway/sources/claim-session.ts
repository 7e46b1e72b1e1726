/** A claim session: a machine asks for its own credential, is answered, and is to go. */

import type { Session, SessionPublish } from '../../broker/session.ts';
import type { Clock, Timer } from '../../model/clock.ts';
import { parsePayload } from '../../model/dialects/lenient-json.ts';
import { provisioningTopic } from '../../model/dialects/native-provisioning.ts';
import { type ErrorCode, errorTable, OnrampError } from '../../model/errors.ts';
import { isProfileId } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { Ask, ProvisionAnswer, Question } from '../onboarding/questions.ts';

export interface ClaimSessionOptions {
  readonly ask: Ask;
  readonly clock: Clock;
  /** Takes one question of the claim; false when its machines have asked too often. */
  readonly mayAsk: () => boolean;
  /** Counts and tells a refused request. */
  readonly onRefused: (code: ErrorCode, detail: string) => void;
}

/**
 * Answers the requests of one claim session in their order, one at a time, each with one message on
 * the response topic and then its acknowledgement: `{"status": "ok"}` with the credential, or
 * `{"status": "refused"}` with the reason. Nobody is asked for a machine that does not listen.
 */
export class ClaimSession {
  readonly #session: Session;
  readonly #options: ClaimSessionOptions;
  readonly #responseTopic: string;
  #tail: Promise<void> = Promise.resolve();
  #requests = 0;
  #idle: Timer;

  constructor(session: Session, options: ClaimSessionOptions) {
    this.#session = session;
    this.#options = options;
    const { enterprise, subject: serial } = session.principal;
    this.#responseTopic = provisioningTopic({ enterprise, serial, channel: 'response' });
    this.#idle = this.#armed();
  }

  /** Takes a publish on the request topic. */
  onPublish(publish: SessionPublish): void {
    if (publish.excess) {
      publish.settle('discard');
      return;
    }
    this.#rest();
    this.#requests++;
    const tooMany = this.#requests > limits.claimRequestsMax;
    this.#tail = this.#tail.then(() => this.#answer(publish, tooMany));
  }

  /** Says why something was refused, where the machine listens. */
  tell(code: ErrorCode, details: readonly string[]): void {
    const { en: message, zh: messageZh } = errorTable[code];
    const answer = { status: 'refused', code, message, messageZh, details };
    this.#session.deliver(this.#responseTopic, JSON.stringify(answer));
  }

  /** The session has ended. */
  end(): void {
    this.#idle.cancel();
  }

  async #answer(publish: SessionPublish, tooMany: boolean): Promise<void> {
    if (this.#session.closed) {
      publish.settle('discard');
    } else if (tooMany) {
      this.tell('claim.too-many-requests', []);
      publish.settle({ close: 'claim.too-many-requests' });
    } else if (!this.#session.hasSubscribed(this.#responseTopic)) {
      publish.settle({ close: 'claim.not-subscribed' });
    } else if (!this.#options.mayAsk()) {
      this.tell('claim.rate-exceeded', []);
      publish.settle({ close: 'claim.rate-exceeded' });
    } else {
      await this.#provision(publish);
    }
  }

  async #provision(publish: SessionPublish): Promise<void> {
    try {
      const answer = await this.#options.ask<ProvisionAnswer>(this.#question(publish.payload));
      this.#session.deliver(this.#responseTopic, JSON.stringify({ status: 'ok', ...answer }));
    } catch (error) {
      if (!(error instanceof OnrampError)) {
        publish.settle({ close: 'connect.busy' });
        return;
      }
      this.#options.onRefused(error.code, error.details.join('; '));
      this.tell(error.code, error.details);
    }
    publish.settle('accept');
    if (!this.#session.closed) this.#rest();
  }

  /** What the machine asks for. Throws `claim.request-invalid`. */
  #question(payload: Buffer): Question {
    const { enterprise, subject: serial, claim = '' } = this.#session.principal;
    const request = parseRequest(payload);
    if (request.serial !== serial) {
      throw invalid(`"serial" must be "${serial}", as in the client id`);
    }
    const { profile } = request;
    if (profile === undefined || profile === null) {
      return { kind: 'provision', enterprise, claim, serial };
    }
    if (typeof profile !== 'string' || !isProfileId(profile)) {
      throw invalid('"profile" is not a profile id');
    }
    return { kind: 'provision', enterprise, claim, serial, profile };
  }

  /** Begins the wait for the next request anew. */
  #rest(): void {
    this.#idle.cancel();
    this.#idle = this.#armed();
  }

  #armed(): Timer {
    return this.#options.clock.after(limits.claimIdleMsMax, () => {
      this.tell('claim.session-idle', []);
      this.#session.close('claim.session-idle');
    });
  }
}

function parseRequest(payload: Buffer): Record<string, unknown> {
  if (payload.length > limits.claimRequestBytesMax) {
    throw invalid(`${payload.length} bytes, at most ${limits.claimRequestBytesMax}`);
  }
  let request: unknown;
  try {
    request = parsePayload(payload);
  } catch (error) {
    throw invalid(error instanceof OnrampError ? error.details.join('; ') : String(error));
  }
  if (typeof request !== 'object' || request === null || Array.isArray(request)) {
    throw invalid('it is not an object');
  }
  return request as Record<string, unknown>;
}

function invalid(detail: string): OnrampError {
  return new OnrampError('claim.request-invalid', detail);
}
