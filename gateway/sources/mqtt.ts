/** The embedded MQTT front door as a source: sessions of registered devices and gateways. */

import type { ConnectAttempt, ConnectDecision, ConnectRefusal } from '../../broker/access.ts';
import { FrontDoor, type Refused } from '../../broker/front-door.ts';
import type { ListenOptions } from '../../broker/listeners.ts';
import type { Session, SessionPublish } from '../../broker/session.ts';
import { nativePermissions, openPermissions } from '../../broker/topic-permissions.ts';
import type { Clock } from '../../model/clock.ts';
import type { DeviceTopic } from '../../model/dialects/dialect.ts';
import { native } from '../../model/dialects/native.ts';
import { parseClaimUsername } from '../../model/dialects/native-provisioning.ts';
import type { ErrorCode } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { OutgoingCommand } from '../device-commands/device-command.ts';
import type { DeviceEventTap } from '../device-events/device-event.ts';
import type { EnterpriseGate } from '../fairness/enterprise-gate.ts';
import type { Ask } from '../onboarding/questions.ts';
import type { KnownDevice } from '../pipeline/known-device.ts';
import { ClaimAllowance } from './claim-allowance.ts';
import { ClaimSession } from './claim-session.ts';
import { CommandChannel } from './command-channel.ts';
import { authenticateOpen, type DeviceDirectory } from './device-directory.ts';
import { DoorLimiter } from './door-limiter.ts';
import { keyOf, SessionEvents } from './session-events.ts';
import type { EndsSessions, SessionReports, TakesCommands } from './session-reports.ts';
import type {
  MessageSink,
  Outcome,
  Source,
  SourceAddress,
  SourceMessage,
  SourceStats,
} from './source.ts';
import { refused } from './ways-in/way.ts';

export interface MqttSourceOptions {
  readonly access: 'authenticated' | 'open';
  readonly listen: ListenOptions;
  readonly sessionsMax: number;
  readonly directory: DeviceDirectory;
  readonly clock: Clock;
  readonly reports: SessionReports;
  readonly ask: Ask;
  readonly tap: DeviceEventTap;
  /** Counts sessions; its messages are those of the sink the source is started with. */
  readonly gate: Pick<EnterpriseGate, 'admitSession' | 'sessionClosed'>;
}

/** What this source keeps for one session. */
interface SessionState {
  /** The device of a direct session; null for a gateway's and a claim's. */
  readonly known: KnownDevice | null;
  readonly lookedUpAtMs: number;
  /** Look-ups of a gateway's devices that are under way: later messages wait behind them. */
  tail: Promise<void> | null;
  claim: ClaimSession | null;
  /** Why nothing more is taken of it, not even its will; null while all is well. */
  shutOut: ErrorCode | null;
  /** The newest topic, and what it says: most sessions have one. */
  topicText: string;
  topic: DeviceTopic | null;
}

export class MqttSource implements Source, EndsSessions, TakesCommands {
  readonly #options: MqttSourceOptions;
  readonly #events: SessionEvents;
  readonly #limiter = new DoorLimiter();
  readonly #commands: CommandChannel;
  readonly #claims = new ClaimAllowance();
  readonly #refusals: Partial<Record<ErrorCode, number>> = {};
  #frontDoor: FrontDoor | null = null;
  #sink: MessageSink | null = null;
  #connects = 0;
  #disconnects = 0;

  constructor(options: MqttSourceOptions) {
    this.#options = options;
    this.#events = new SessionEvents(options.tap);
    this.#commands = new CommandChannel({
      clock: options.clock,
      sessionOf: (clientId) => this.#frontDoor?.sessionOf(clientId) ?? null,
      tell: (outcome) => options.reports.commandOutcome(outcome),
      onRefused: (code, detail, session) =>
        this.#onRefused({ code, detail, session, attempt: null }),
    });
  }

  async start(sink: MessageSink): Promise<SourceAddress> {
    const { access, clock, listen, reports } = this.#options;
    this.#sink = sink;
    this.#frontDoor = new FrontDoor({
      access,
      authenticate: access === 'open' ? authenticateOpen : (attempt) => this.#authenticate(attempt),
      permissions: access === 'open' ? openPermissions : nativePermissions,
      onPublish: (publish) => this.#onPublish(publish),
      onSessionOpen: (session) => this.#onSessionOpen(session),
      onSessionClose: (session, code) => this.#onSessionClose(session, code),
      onRefused: (refusal) => this.#onRefusedAtDoor(refusal),
      acceptsSessions: () => sink.accepting && reports.accepting,
      sessionsMax: this.#options.sessionsMax,
      clock,
    });
    const { port, tlsPort } = await this.#frontDoor.start(listen);
    return { source: 'mqtt', port, tlsPort };
  }

  async stop(): Promise<void> {
    await this.#frontDoor?.stop();
    this.#frontDoor = null;
  }

  stats(): SourceStats {
    return {
      sessions: this.#frontDoor?.sessionCount ?? 0,
      connects: this.#connects,
      disconnects: this.#disconnects,
      refusals: this.#refusals,
    };
  }

  command(command: OutgoingCommand): void {
    this.#commands.deliver(command);
  }

  endSession(number: number, code: ErrorCode): void {
    this.#frontDoor?.sessionNumbered(number)?.close(code);
  }

  shutOut(key: string, code: ErrorCode): void {
    this.#options.directory.shutOut(key);
    // The client id of a device or gateway is its key; that of a claim session never is one.
    const session = this.#frontDoor?.sessionOf(key);
    if (!session) return;
    const state = stateOf(session);
    if (state !== undefined) state.shutOut = code;
    session.close(code);
  }

  async #authenticate(attempt: ConnectAttempt): Promise<ConnectDecision> {
    const { clock, directory } = this.#options;
    const { remoteAddress } = attempt;
    const name = limitedName(attempt);
    if (!this.#limiter.mayTry(remoteAddress, name, clock.monotonicMs())) {
      return refused('connect.too-many-failures', 3);
    }
    const arrival = await directory.authenticate(attempt);
    if (!arrival.accepted) {
      if (isWrongLogIn(arrival)) this.#limiter.failed(remoteAddress, name, clock.monotonicMs());
      return arrival;
    }
    this.#limiter.succeeded(remoteAddress, name);
    const { known, lookedUpAtMs, principal } = arrival;
    const context: SessionState = {
      ...{ known, lookedUpAtMs, tail: null, claim: null, shutOut: null },
      ...{ topicText: '', topic: null },
    };
    return { accepted: true, principal, context };
  }

  #onSessionOpen(session: Session): ConnectRefusal | null {
    const { clock, gate, reports } = this.#options;
    const { enterprise, kind } = session.principal;
    const state = stateOf(session);
    if (state === undefined || kind === 'open') {
      this.#connects++;
      return null;
    }
    if (kind !== 'claim') {
      const shutOut = reports.shutOut(keyOf(session.principal), state.lookedUpAtMs);
      if (shutOut !== null) return refused(shutOut, shutOut === 'connect.busy' ? 3 : 5);
    }
    const full = gate.admitSession(enterprise, kind);
    if (full !== null) return refused(full, 3);
    this.#connects++;
    if (kind === 'claim') state.claim = this.#claimSession(session);
    reports.opened(session.number, session.clientId, clock.monotonicMs());
    this.#events.connected(session);
    return null;
  }

  #claimSession(session: Session): ClaimSession {
    const { ask, clock } = this.#options;
    const { claim = '', enterprise } = session.principal;
    return new ClaimSession(session, {
      ask,
      clock,
      mayAsk: () => this.#claims.take(enterprise, claim, clock.monotonicMs()),
      onRefused: (code, detail) => this.#onRefused({ code, detail, session, attempt: null }),
    });
  }

  #onSessionClose(session: Session, code: ErrorCode | null): void {
    this.#disconnects++;
    if (code !== null) this.#count(code);
    const { enterprise, kind } = session.principal;
    const state = stateOf(session);
    if (state === undefined || kind === 'open') return;
    state.claim?.end();
    this.#options.gate.sessionClosed(enterprise, kind);
    this.#options.reports.closed(session.number);
    this.#events.disconnected(session, code);
  }

  #onRefusedAtDoor(refusal: Refused): void {
    const { code, detail, session } = refusal;
    this.#onRefused(refusal);
    // The session may be closed for it: a machine that claims is to learn why.
    const claim = session === null ? null : stateOf(session)?.claim;
    claim?.tell(code, detail === '' ? [] : [detail.slice(0, limits.textCharsMax)]);
  }

  #onRefused(refusal: Refused): void {
    this.#count(refusal.code);
    this.#events.refused(refusal);
  }

  #count(code: ErrorCode): void {
    this.#refusals[code] = (this.#refusals[code] ?? 0) + 1;
  }

  #onPublish(publish: SessionPublish): void {
    const state = stateOf(publish.session);
    if (state?.claim) {
      state.claim.onPublish(publish);
      return;
    }
    const topic = state === undefined ? null : topicOf(state, publish.topic);
    if (topic === null || topic.channel === 'command' || state === undefined) {
      // The open mode may carry any topic, and stores nothing.
      publish.settle('accept');
    } else if (topic.channel === 'command/reply') {
      this.#commands.onReply(publish, topic);
    } else if (state.known !== null) {
      this.#submit(publish, topic, state, state.known);
    } else {
      this.#submitCarried(publish, topic, state);
    }
  }

  /** A gateway's publish: the device is known, or looked up first; order is kept either way. */
  #submitCarried(publish: SessionPublish, topic: DeviceTopic, state: SessionState): void {
    const { directory } = this.#options;
    const gateway = publish.session.principal.subject;
    if (state.tail === null) {
      const known = directory.carried(topic.enterprise, topic.device, gateway);
      if (known !== undefined) {
        this.#submit(publish, topic, state, known);
        return;
      }
    }
    const before = state.tail ?? Promise.resolve();
    const tail = before
      .then(() => directory.lookUpCarried(topic.enterprise, topic.device, gateway))
      .then(
        (known) => this.#submit(publish, topic, state, known),
        () => publish.settle({ close: 'connect.busy' }),
      )
      .then(() => {
        if (state.tail === tail) state.tail = null;
      });
    state.tail = tail;
  }

  #submit(
    publish: SessionPublish,
    topic: DeviceTopic,
    state: SessionState,
    device: SourceMessage['device'],
  ): void {
    const nowMs = this.#options.clock.monotonicMs();
    const message = new MqttMessage(publish, topic, device, nowMs);
    if (state.shutOut === null) this.#sink?.submit(message);
    else this.#sink?.turnAway(message, state.shutOut);
  }
}

/** A publish of a device that is known, or known to be none. */
class MqttMessage implements SourceMessage {
  readonly enterprise: string;
  readonly deviceId: string;
  readonly device: SourceMessage['device'];
  readonly channel: 'telemetry' | 'event';
  readonly topic: string;
  readonly content: Buffer;
  readonly bestEffort: boolean;
  readonly excess: boolean;
  readonly ackWaitMs: number;
  readonly arrivedAtMs: number;
  readonly session: Session | undefined;
  readonly #publish: SessionPublish;

  constructor(
    publish: SessionPublish,
    topic: DeviceTopic,
    device: SourceMessage['device'],
    nowMs: number,
  ) {
    const { excess, payload, qos, session } = publish;
    const tooLarge = payload.length > limits.payloadBytesMax;
    this.enterprise = topic.enterprise;
    this.deviceId = topic.device;
    this.device = device;
    this.channel = topic.channel === 'event' ? 'event' : 'telemetry';
    this.topic = publish.topic;
    this.content = tooLarge ? payload.subarray(0, limits.payloadBytesMax + 1) : payload;
    this.bestEffort = qos === 0;
    this.excess = excess;
    this.ackWaitMs = session.ackWaitMs;
    this.arrivedAtMs = nowMs;
    this.session = qos === 0 || publish.isWill ? undefined : session;
    this.#publish = publish;
  }

  settle(outcome: Outcome): void {
    this.#publish.settle(settlement(outcome));
  }
}

/** What this source keeps for a session; undefined in the open mode. */
function stateOf({ context }: Session): SessionState | undefined {
  return context as SessionState | undefined;
}

function topicOf(state: SessionState, text: string): DeviceTopic | null {
  if (state.topicText !== text) {
    state.topicText = text;
    state.topic = native.parseTopic(text);
  }
  return state.topic;
}

/**
 * What failed log-ins are counted by. The machines of one claim share its user name: one of them
 * that is wrong must not hold back the others.
 */
function limitedName({ clientId, username = '' }: ConnectAttempt): string {
  if (username === '') return clientId;
  return parseClaimUsername(username) === null ? username : `${username} ${clientId}`;
}

/** Credentials that are wrong, not ones that are right and cannot be used now. */
function isWrongLogIn({ code, returnCode }: ConnectRefusal): boolean {
  return returnCode === 2 || returnCode === 4 || code.startsWith('certificate.');
}

function settlement(outcome: Outcome): Parameters<SessionPublish['settle']>[0] {
  if (outcome === 'durable') return 'accept';
  if (outcome === 'dropped') return 'discard';
  return { close: outcome.withheld };
}
