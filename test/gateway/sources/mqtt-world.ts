/** The front door as a source over a registry in memory, and clients that close by themselves. */

import { once } from 'node:events';
import { connect as connectTls } from 'node:tls';
import type mqtt from 'mqtt-packet';
import { afterEach } from 'vitest';
import type { CommandOutcome } from '../../../gateway/device-commands/device-command.ts';
import type { DeviceEvent } from '../../../gateway/device-events/device-event.ts';
import type { Ask, Question } from '../../../gateway/onboarding/questions.ts';
import { RuleBook } from '../../../gateway/pipeline/rule-book.ts';
import type { StoredAuthority } from '../../../gateway/registry/authorities.ts';
import type { StoredClaim } from '../../../gateway/registry/claims.ts';
import type { StoredGroup } from '../../../gateway/registry/groups.ts';
import type { RegisteredDevice, RegistryReader } from '../../../gateway/registry/registry.ts';
import { DeviceDirectory } from '../../../gateway/sources/device-directory.ts';
import { MqttSource } from '../../../gateway/sources/mqtt.ts';
import type { SourceMessage } from '../../../gateway/sources/source.ts';
import { type Clock, systemClock } from '../../../model/clock.ts';
import type { ErrorCode } from '../../../model/errors.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { RawMqtt } from '../../helpers/raw-mqtt.ts';
import type { SessionChange } from '../../helpers/session-changes.ts';

export const secret = 'a secret of at least twenty characters';

const cleanups: (() => Promise<unknown> | unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A device with `secret`, by its key. */
export function registered(key: string, more: Partial<RegisteredDevice> = {}): RegisteredDevice {
  const [enterprise = '', device = ''] = key.split('.');
  return {
    enterprise,
    device,
    profile: 'generic',
    district: 'wujin',
    industry: '34',
    kind: 'device',
    state: 'registered',
    createdAtMs: 0,
    secretHash: secretHash(secret),
    group: null,
    certificate: null,
    ...more,
  };
}

export interface WorldOptions {
  readonly clock?: Clock;
  readonly ask?: (question: Question) => Promise<unknown>;
  readonly tls?: { readonly key: string; readonly cert: string };
  /** Shut out as the worker remembers it. */
  readonly shutOut?: (key: string, lookedUpAtMs: number) => ErrorCode | null;
  readonly admitSession?: (enterprise: string, kind?: string) => ErrorCode | null;
  /** Takes each message, which is settled at once when left out. */
  readonly submit?: (message: SourceMessage) => void;
  /** Called at each look-up of a device, before it is answered. */
  readonly onLookUp?: (key: string) => Promise<void> | void;
}

/** What a registry holds, for tests to change. */
export class World {
  readonly devices = new Map<string, RegisteredDevice>();
  readonly claims = new Map<string, StoredClaim>();
  /** On allow-lists: `{enterprise}/{claim}/{serial}`. */
  readonly listed = new Set<string>();
  readonly groups: StoredGroup[] = [];
  /** Why no group can be read; null when they can. */
  groupsFailure: Error | null = null;
  readonly authorities: StoredAuthority[] = [];
  readonly lookUps: string[] = [];
  readonly questions: Question[] = [];
  readonly messages: SourceMessage[] = [];
  readonly turnedAway: ErrorCode[] = [];
  readonly changes: SessionChange[] = [];
  readonly outcomes: CommandOutcome[] = [];
  readonly events: Omit<DeviceEvent, 'atMs' | 'count'>[] = [];
  readonly gate: string[] = [];
  readonly directory: DeviceDirectory;
  readonly source: MqttSource;
  #port = 0;
  #tlsPort = 0;

  constructor(options: WorldOptions) {
    const registry = this.#registry(options);
    const { clock = systemClock } = options;
    const ask: Ask = async <Answer>(question: Question) => {
      this.questions.push(question);
      const answer = options.ask?.(question) ?? question.kind === 'arrive';
      return (await answer) as Answer;
    };
    this.directory = new DeviceDirectory(registry, new RuleBook(registry), clock, ask);
    this.source = new MqttSource({
      access: 'authenticated',
      listen: {
        hosts: ['127.0.0.1'],
        port: 0,
        reusePort: false,
        connectionsMax: 1000,
        tls: options.tls && { port: 0, ...options.tls },
      },
      sessionsMax: 100,
      directory: this.directory,
      clock,
      ask,
      reports: {
        opened: (number, client, atMs) => this.changes.push({ opened: number, client, atMs }),
        closed: (number) => this.changes.push({ closed: number }),
        commandOutcome: (outcome) => this.outcomes.push(outcome),
        accepting: true,
        shutOut: options.shutOut ?? (() => null),
      },
      tap: { active: true, watches: () => true, note: (event) => this.events.push(event) },
      gate: {
        admitSession: (enterprise, kind) => {
          const refused = options.admitSession?.(enterprise, kind) ?? null;
          if (refused === null) this.gate.push(`+${enterprise}`);
          return refused;
        },
        sessionClosed: (enterprise) => this.gate.push(`-${enterprise}`),
      },
    });
  }

  static async start(options: WorldOptions = {}): Promise<World> {
    const world = new World(options);
    const { port, tlsPort } = await world.source.start({
      accepting: true,
      submit: (message) => {
        world.messages.push(message);
        if (options.submit === undefined) message.settle('durable');
        else options.submit(message);
      },
      turnAway: (message, code) => {
        world.turnedAway.push(code);
        message.settle({ withheld: code });
      },
    });
    world.#port = port ?? 0;
    world.#tlsPort = tlsPort ?? 0;
    cleanups.push(() => world.source.stop());
    return world;
  }

  add(key: string, more: Partial<RegisteredDevice> = {}): void {
    this.devices.set(key, registered(key, more));
  }

  /** A device or gateway of `acme` with its CONNECT; the CONNACK's code, null when there was none. */
  async connect(name: string, password = secret, more: Partial<mqtt.IConnectPacket> = {}) {
    const [clientId, username] = [`acme.${name}`, `acme/${name}`];
    return this.open({ clientId, username, password: Buffer.from(password), ...more });
  }

  async open(packet: Partial<mqtt.IConnectPacket>) {
    const client = await RawMqtt.open(this.#port);
    cleanups.push(() => client.close());
    return { client, code: await client.connect(packet) };
  }

  /** Over TLS, with the certificate, if any. */
  async openTls(
    packet: Partial<mqtt.IConnectPacket>,
    shown?: { certificate: string; key: string },
  ) {
    const identity = shown && { cert: shown.certificate, key: shown.key };
    // Who the server is, is not what is tested.
    const options = { host: '127.0.0.1', rejectUnauthorized: false, ...identity };
    const socket = connectTls({ port: this.#tlsPort, ...options });
    cleanups.push(() => socket.destroy());
    await once(socket, 'secureConnect');
    const client = RawMqtt.over(socket);
    return { client, code: await client.connect(packet) };
  }

  #registry({ onLookUp }: WorldOptions): RegistryReader {
    return {
      device: async (enterprise, device) => {
        const key = `${enterprise}.${device}`;
        this.lookUps.push(key);
        const found = this.devices.get(key) ?? null;
        await onLookUp?.(key);
        return found;
      },
      claim: async (enterprise, id) => this.claims.get(`${enterprise}/${id}`) ?? null,
      claimLists: async (...names) => this.listed.has(names.join('/')),
      groups: async (enterprise) => {
        if (this.groupsFailure !== null) throw this.groupsFailure;
        return this.groups.filter((group) => group.enterprise === enterprise);
      },
      authorities: async (enterprise) =>
        this.authorities.filter((authority) => authority.enterprise === enterprise),
      enterpriseLimits: async () => ({ sessionsMax: null, messagesPerSecondMax: null }),
      profile: async () => null,
      version: async () => 1,
      close: () => {},
    };
  }
}

/** Subscribes and waits until that was granted. */
export async function subscribe(client: RawMqtt, topic: string): Promise<void> {
  client.send({ cmd: 'subscribe', messageId: 999, subscriptions: [{ topic, qos: 0 }] });
  await client.waitFor((packet) => packet.cmd === 'suback');
}

/** Waits for the PUBACK of a message. */
export async function acknowledged(client: RawMqtt, messageId: number): Promise<boolean> {
  const fits = (packet: mqtt.Packet) => packet.cmd === 'puback' && packet.messageId === messageId;
  return (await client.waitFor(fits)) !== null;
}
