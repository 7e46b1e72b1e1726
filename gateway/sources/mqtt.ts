/** The embedded MQTT front door as a source: sessions of registered devices and gateways. */

import type { ConnectAttempt, ConnectDecision } from '../../broker/access.ts';
import { FrontDoor } from '../../broker/front-door.ts';
import type { ListenOptions } from '../../broker/listeners.ts';
import type { SessionPublish } from '../../broker/session.ts';
import { nativePermissions, openPermissions } from '../../broker/topic-permissions.ts';
import type { Clock } from '../../model/clock.ts';
import type { DeviceTopic } from '../../model/dialects/dialect.ts';
import { native } from '../../model/dialects/native.ts';
import type { ErrorCode } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { KnownDevice } from '../pipeline/known-device.ts';
import { authenticateOpen, type DeviceDirectory } from './device-directory.ts';
import type {
  MessageSink,
  Outcome,
  Source,
  SourceAddress,
  SourceMessage,
  SourceStats,
} from './source.ts';

export interface MqttSourceOptions {
  readonly access: 'authenticated' | 'open';
  readonly listen: ListenOptions;
  readonly sessionsMax: number;
  readonly directory: DeviceDirectory;
  readonly clock: Clock;
}

/** What this source keeps for one session. */
interface SessionState {
  /** The device of a direct session; null for a gateway's. */
  readonly known: KnownDevice | null;
  /** Look-ups of a gateway's devices that are under way: later messages wait behind them. */
  tail: Promise<void> | null;
}

export class MqttSource implements Source {
  readonly #options: MqttSourceOptions;
  readonly #states = new WeakMap<object, SessionState>();
  readonly #refusals: Partial<Record<ErrorCode, number>> = {};
  #frontDoor: FrontDoor | null = null;
  #sink: MessageSink | null = null;
  #connects = 0;
  #disconnects = 0;

  constructor(options: MqttSourceOptions) {
    this.#options = options;
  }

  async start(sink: MessageSink): Promise<SourceAddress> {
    const { access, listen } = this.#options;
    this.#sink = sink;
    this.#frontDoor = new FrontDoor({
      access,
      authenticate: access === 'open' ? authenticateOpen : (attempt) => this.#authenticate(attempt),
      permissions: access === 'open' ? openPermissions : nativePermissions,
      onPublish: (publish) => this.#onPublish(publish),
      onSessionOpen: () => {
        this.#connects++;
      },
      onSessionClose: () => {
        this.#disconnects++;
      },
      onRefused: (code) => {
        this.#refusals[code] = (this.#refusals[code] ?? 0) + 1;
      },
      acceptsSessions: () => sink.accepting,
      sessionsMax: this.#options.sessionsMax,
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

  async #authenticate(attempt: ConnectAttempt): Promise<ConnectDecision> {
    const { decision, known } = await this.#options.directory.authenticate(attempt);
    if (decision.accepted) this.#states.set(decision.principal, { known, tail: null });
    return decision;
  }

  #onPublish(publish: SessionPublish): void {
    const topic = native.parseTopic(publish.topic);
    if (topic === null || topic.channel === 'command' || topic.channel === 'command/reply') {
      // Command replies are reserved; the open mode may carry any topic.
      publish.settle(publish.qos === 0 ? 'discard' : 'accept');
      return;
    }
    const state = this.#states.get(publish.session.principal);
    if (state === undefined) publish.settle('accept');
    else if (state.known !== null) this.#submit(publish, topic, state.known);
    else this.#submitCarried(publish, topic, state);
  }

  /** A gateway's publish: the device is known, or looked up first; order is kept either way. */
  #submitCarried(publish: SessionPublish, topic: DeviceTopic, state: SessionState): void {
    const { directory } = this.#options;
    const gateway = publish.session.principal.subject;
    if (state.tail === null) {
      const known = directory.carried(topic.enterprise, topic.device, gateway);
      if (known !== undefined) {
        this.#submit(publish, topic, known);
        return;
      }
    }
    const before = state.tail ?? Promise.resolve();
    const tail = before
      .then(() => directory.lookUpCarried(topic.enterprise, topic.device, gateway))
      .then(
        (known) => this.#submit(publish, topic, known),
        () => publish.settle({ close: 'connect.busy' }),
      )
      .then(() => {
        if (state.tail === tail) state.tail = null;
      });
    state.tail = tail;
  }

  #submit(publish: SessionPublish, topic: DeviceTopic, device: SourceMessage['device']): void {
    const { excess, payload, qos, session } = publish;
    const tooLarge = payload.length > limits.payloadBytesMax;
    this.#sink?.submit({
      enterprise: topic.enterprise,
      deviceId: topic.device,
      device,
      channel: topic.channel === 'event' ? 'event' : 'telemetry',
      topic: publish.topic,
      content: tooLarge ? payload.subarray(0, limits.payloadBytesMax + 1) : payload,
      bestEffort: qos === 0,
      excess,
      ackWaitMs: session.ackWaitMs,
      arrivedAtMs: this.#options.clock.monotonicMs(),
      settle: (outcome) => publish.settle(settlement(outcome)),
    });
  }
}

function settlement(outcome: Outcome): Parameters<SessionPublish['settle']>[0] {
  if (outcome === 'durable') return 'accept';
  if (outcome === 'dropped') return 'discard';
  return { close: outcome.withheld };
}
