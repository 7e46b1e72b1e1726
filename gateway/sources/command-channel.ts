/** Commands in a worker: to the session that has subscribed to them, and a device's replies back. */

import type { Session, SessionPublish } from '../../broker/session.ts';
import type { Clock } from '../../model/clock.ts';
import type { DeviceTopic } from '../../model/dialects/dialect.ts';
import { parsePayload } from '../../model/dialects/lenient-json.ts';
import { native } from '../../model/dialects/native.ts';
import { type ErrorCode, messageOf, OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { CommandOutcome, OutgoingCommand } from '../device-commands/device-command.ts';

export interface CommandChannelOptions {
  readonly clock: Clock;
  readonly sessionOf: (clientId: string) => Session | null;
  readonly tell: (outcome: CommandOutcome) => void;
  readonly onRefused: (code: ErrorCode, detail: string, session: Session) => void;
}

/** Replies that a session may still send at this moment. */
interface Allowance {
  replies: number;
  atMs: number;
}

const idPattern = /^[0-9a-f]{16}$/;

export class CommandChannel {
  readonly #options: CommandChannelOptions;
  readonly #allowances = new WeakMap<Session, Allowance>();

  constructor(options: CommandChannelOptions) {
    this.#options = options;
  }

  /** Writes a command to its session, and tells whether that could be done. */
  deliver({ client, device, enterprise, id, payload }: OutgoingCommand): void {
    const { sessionOf, tell } = this.#options;
    const topic = native.topic(enterprise, device, 'command');
    const session = sessionOf(client);
    if (session === null) tell({ id, kind: 'undelivered', code: 'device.offline' });
    else if (!session.hasSubscribed(topic)) {
      tell({ id, kind: 'undelivered', code: 'device.not-subscribed' });
    } else if (session.deliver(topic, payload)) tell({ id, kind: 'delivered' });
    else tell({ id, kind: 'undelivered', code: 'device.offline' });
  }

  /**
   * A device's reply: told if it can be one, and refused otherwise; acknowledged either way, when
   * it is its turn.
   */
  onReply(publish: SessionPublish, { device, enterprise }: DeviceTopic): void {
    const { session } = publish;
    const { clock, onRefused, tell } = this.#options;
    try {
      if (!this.#mayReply(session, clock.monotonicMs())) {
        throw new OnrampError('device.replies-exceeded');
      }
      const reply = replyIn(publish.payload);
      const by = session.principal.subject;
      tell({ id: reply.id, kind: 'reply', enterprise, device, by, reply: reply.text });
    } catch (error) {
      const code = error instanceof OnrampError ? error.code : 'payload.not-a-reply';
      const detail = error instanceof OnrampError ? error.details.join('; ') : messageOf(error);
      onRefused(code, detail, session);
    }
    publish.settle('accept');
  }

  #mayReply(session: Session, nowMs: number): boolean {
    const { commandRepliesBurstMax: burst, commandRepliesPerSecondMax: perSecond } = limits;
    const known = this.#allowances.get(session) ?? { replies: burst, atMs: nowMs };
    const replies = known.replies + ((nowMs - known.atMs) / 1000) * perSecond;
    known.replies = Math.min(burst, replies) - 1;
    known.atMs = nowMs;
    this.#allowances.set(session, known);
    if (known.replies >= 0) return true;
    known.replies = 0;
    return false;
  }
}

/** @throws OnrampError `payload.not-a-reply`. */
function replyIn(payload: Buffer): { readonly id: string; readonly text: string } {
  if (payload.length > limits.commandBytesMax) {
    throw notAReply(`${payload.length} bytes, at most ${limits.commandBytesMax}`);
  }
  let reply: unknown;
  try {
    reply = parsePayload(payload);
  } catch (error) {
    throw notAReply(error instanceof OnrampError ? error.details.join('; ') : messageOf(error));
  }
  const id = (reply as { id?: unknown } | null)?.id;
  if (typeof reply !== 'object' || Array.isArray(reply)) throw notAReply('it is not an object');
  if (typeof id !== 'string' || !idPattern.test(id)) {
    throw notAReply('"id" must be the id of the command');
  }
  return { id, text: JSON.stringify(reply) };
}

function notAReply(detail: string): OnrampError {
  return new OnrampError('payload.not-a-reply', detail);
}
