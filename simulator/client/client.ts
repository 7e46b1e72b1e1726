/** A lean MQTT 3.1.1 client: thousands fit in one process, and none has a timer of its own. */

import type { OnReadOpts, Socket } from 'node:net';
import { generate, type Packet } from 'mqtt-packet';
import type { Clock } from '../../model/clock.ts';
import type { Credentials } from '../../model/dialects/dialect.ts';
import { descriptorOf, noDescriptor, writeFrame } from '../../model/direct-write.ts';
import { classify, type Failure, type Stage } from './failure.ts';
import { disconnectRequest, markDuplicate, pingRequest, publishFrame } from './frames.ts';
import { connackType, type FrameHandler, ProtocolError, readFrames } from './incoming.ts';
import { Outbox, type Outgoing } from './outbox.ts';
import type { Target } from './target.ts';

/** When the stages of the latest connection were reached, monotonic milliseconds; 0 is not yet. */
export interface ConnectTimes {
  begunMs: number;
  tcpMs: number;
  tlsMs: number;
  connackMs: number;
}

/** What one or many clients report to. Called from socket events: it must not throw. */
export interface ClientListener {
  /** What the client presents; asked at each connect, so that no client keeps secrets. */
  credentials(client: MqttClient): Credentials;
  onConnected(client: MqttClient): void;
  /** QoS 0: the message was handed to the socket. QoS 1: its PUBACK arrived. */
  onDelivered(client: MqttClient, message: Outgoing): void;
  /** The message was handed to the socket; `again` when it was before, on an earlier connection. */
  onWritten(client: MqttClient, message: Outgoing, again: boolean): void;
  /** The connection is gone and may be opened again; null after `disconnect`. */
  onClosed(client: MqttClient, failure: Failure | null): void;
  /** Anything that is not CONNACK, PUBACK or PINGRESP. */
  onPacket?(client: MqttClient, packet: Packet): void;
}

/** What all clients of a fleet share. */
export interface ClientSettings {
  readonly clock: Clock;
  readonly target: Target;
  readonly listener: ClientListener;
  readonly keepaliveS: number;
  /** From `connect` to CONNACK. */
  readonly connectTimeoutMs: number;
  /** Unacknowledged QoS 1 messages on the wire, at most `outboxMax`. */
  readonly inFlightMax: number;
}

type State = 'closed' | Stage | 'ending';

/** A socket knows its client, so that one set of event functions serves all sockets. */
type ClientSocket = Socket & { client: MqttClient };

/**
 * One MQTT session, clean, that may connect again and again. Messages keep their order. QoS 1
 * messages stay in the outbox until acknowledged; after a reconnect they are sent again, marked as
 * duplicates. The owner calls `sweep` about once a second for timeouts and the keepalive.
 */
export class MqttClient {
  readonly index: number;
  readonly times: ConnectTimes = { begunMs: 0, tcpMs: 0, tlsMs: 0, connackMs: 0 };
  readonly #settings: ClientSettings;
  #state: State = 'closed';
  #socket: ClientSocket | null = null;
  #descriptor = noDescriptor;
  #failure: Failure | null = null;
  readonly #outbox = new Outbox();
  #packetId = 0;
  #writtenMs = 0;
  /** When an unanswered PINGREQ was sent; 0 if none is. */
  #pingMs = 0;
  /** The beginning of a frame whose end has not arrived. */
  #partial: Uint8Array | null = null;

  /** `index` is the owner's number for this client, and chooses among the target's addresses. */
  constructor(index: number, settings: ClientSettings) {
    this.index = index;
    this.#settings = settings;
  }

  get connected(): boolean {
    return this.#state === 'session';
  }

  /** Messages not yet acknowledged (QoS 1) or written (QoS 0). */
  get outstanding(): number {
    return this.#outbox.size;
  }

  /** True when `publish` would refuse. */
  get full(): boolean {
    return this.#outbox.full;
  }

  /** Opens a connection. Only when closed: at first, and after `onClosed`. */
  connect(): void {
    if (this.#state !== 'closed') throw new Error(`connect: the client is ${this.#state}`);
    this.#state = 'tcp';
    this.#failure = null;
    this.#partial = null;
    this.#pingMs = 0;
    const times = this.times;
    times.begunMs = this.#settings.clock.monotonicMs();
    times.tcpMs = times.tlsMs = times.connackMs = 0;
    const socket = this.#settings.target.open(this.index, MqttClient.#onread);
    const events = MqttClient.#socketEvents;
    this.#socket = Object.assign(socket, { client: this });
    socket.on('connect', events.connect).on('drain', events.drain);
    socket.on('error', events.error).on('close', events.close);
    if (this.#settings.target.tls) socket.on('secureConnect', events.secureConnect);
  }

  /** Takes a message to be sent now or as soon as may be; false when the outbox is full. */
  publish(topic: Buffer, payload: string, qos: 0 | 1, seq: number, dueMs: number): boolean {
    if (this.full) return false;
    if (qos === 1) this.#packetId = this.#packetId === 0xffff ? 1 : this.#packetId + 1;
    const packetId = qos === 1 ? this.#packetId : 0;
    const frame = publishFrame(topic, payload, qos, packetId);
    this.#outbox.add({ frame, packetId, seq, dueMs, written: false });
    this.#flush();
    return true;
  }

  /** Sends any other packet; false when there is no session. */
  send(packet: Packet): boolean {
    if (this.#state !== 'session') return false;
    this.#write(generate(packet, { protocolVersion: 4 }));
    return true;
  }

  /** Keeps the session alive when nothing else does, and ends what takes too long. */
  sweep(nowMs: number): void {
    if (this.#state === 'session') {
      const keepaliveMs = this.#settings.keepaliveS * 1000;
      if (this.#pingMs > 0) {
        if (nowMs - this.#pingMs > keepaliveMs) this.#fail('timeout');
      } else if (nowMs - this.#writtenMs >= keepaliveMs * 0.75) {
        this.#pingMs = nowMs;
        this.#write(pingRequest);
      }
    } else if (this.#state !== 'closed') {
      if (nowMs - this.times.begunMs > this.#settings.connectTimeoutMs) this.#fail('timeout');
    }
  }

  /** Ends the session politely; `onClosed` follows with null. What is in the outbox stays there. */
  disconnect(): void {
    if (this.#state === 'closed') return;
    const polite = this.#state === 'session';
    this.#state = 'ending';
    this.times.begunMs = this.#settings.clock.monotonicMs();
    if (polite) this.#socket!.end(disconnectRequest);
    else this.#socket!.destroy();
  }

  /** Cuts the connection without a DISCONNECT, as a power failure does; `onClosed` follows. */
  cut(): void {
    this.#fail('cut');
  }

  #onConnack(returnCode: number): void {
    if (this.#state !== 'connack') throw new ProtocolError('CONNACK out of place');
    if (returnCode !== 0) {
      this.#fail(String(returnCode));
      return;
    }
    this.#state = 'session';
    this.#descriptor = descriptorOf(this.#socket!);
    this.times.connackMs = this.#settings.clock.monotonicMs();
    this.#writtenMs = this.times.connackMs;
    this.#settings.listener.onConnected(this);
    this.#flush();
  }

  #onPuback(packetId: number): void {
    const message = this.#outbox.acknowledge(packetId);
    if (message === null) return;
    this.#settings.listener.onDelivered(this, message);
    this.#flush();
  }

  #onPacket(packet: Packet): void {
    if (packet.cmd === 'publish' && packet.qos === 1) {
      this.send({ cmd: 'puback', messageId: packet.messageId! });
    }
    this.#settings.listener.onPacket?.(this, packet);
  }

  #opened(): void {
    this.times.tcpMs = this.#settings.clock.monotonicMs();
    if (this.#settings.target.tls) this.#state = 'tls';
    else this.#introduce();
  }

  #secured(): void {
    this.times.tlsMs = this.#settings.clock.monotonicMs();
    if (this.#settings.target.accepts(this.#socket!)) this.#introduce();
    else this.#fail('fingerprint-mismatch');
  }

  #received(bytes: Uint8Array, length: number): void {
    if (this.#state === 'closed' || this.#state === 'ending') return;
    let whole = bytes;
    let end = length;
    if (this.#partial !== null) {
      end = this.#partial.length + length;
      whole = Buffer.concat([this.#partial, bytes.subarray(0, length)], end);
    }
    try {
      if (this.#state === 'connack' && whole[0] !== connackType) throw new ProtocolError();
      const rest = readFrames(whole, end, MqttClient.#frames, this);
      this.#partial = rest === end ? null : whole.slice(rest, end);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#fail('protocol-error');
    }
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (this.#state !== 'closed' && this.#state !== 'ending') {
      this.#failure ??= classify(this.#state, error);
    }
  }

  #closed(): void {
    const state = this.#state;
    const polite = state === 'ending' && this.#failure === null;
    if (state !== 'ending' && state !== 'closed') {
      this.#failure ??= { stage: state, code: 'closed' };
    }
    this.#state = 'closed';
    this.#socket = null;
    this.#descriptor = noDescriptor;
    this.#partial = null;
    this.#outbox.rewind();
    this.#settings.listener.onClosed(this, polite ? null : this.#failure);
  }

  #introduce(): void {
    this.#state = 'connack';
    const { clientId, username, password } = this.#settings.listener.credentials(this);
    this.#socket!.write(
      generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        keepalive: this.#settings.keepaliveS,
        clientId,
        username,
        password: Buffer.from(password),
      }),
    );
  }

  /** Writes what waits, as far as the window and the socket allow. */
  #flush(): void {
    const { listener, inFlightMax } = this.#settings;
    const outbox = this.#outbox;
    while (
      this.#state === 'session' &&
      outbox.onWire < inFlightMax &&
      !this.#socket!.writableNeedDrain
    ) {
      const message = outbox.next();
      if (message === undefined) return;
      const again = message.written;
      if (again) markDuplicate(message.frame);
      this.#write(message.frame);
      outbox.wrote(message);
      listener.onWritten(this, message, again);
      if (message.packetId === 0) listener.onDelivered(this, message);
    }
  }

  #write(frame: Buffer): void {
    this.#writtenMs = this.#settings.clock.monotonicMs();
    writeFrame(this.#socket!, this.#descriptor, frame);
  }

  #fail(code: string): void {
    if (this.#state === 'closed') return;
    if (this.#state !== 'ending') this.#failure ??= { stage: this.#state, code };
    this.#state = 'ending';
    this.#socket!.destroy();
  }

  static readonly #frames: FrameHandler<MqttClient> = {
    connack: (client, returnCode) => client.#onConnack(returnCode),
    puback: (client, packetId) => client.#onPuback(packetId),
    pingresp: (client) => {
      client.#pingMs = 0;
    },
    packet: (client, packet) => client.#onPacket(packet),
  };

  /**
   * One buffer for all sockets: bytes are taken out of it before the next read. libuv asks for the
   * buffer when data is ready, never earlier.
   */
  static readonly #onread = {
    buffer: new Uint8Array(64 * 1024),
    callback(this: ClientSocket, length: number, bytes: Uint8Array): boolean {
      this.client.#received(bytes, length);
      return true;
    },
  } as OnReadOpts;

  static readonly #socketEvents = {
    connect(this: ClientSocket): void {
      this.client.#opened();
    },
    secureConnect(this: ClientSocket): void {
      this.client.#secured();
    },
    drain(this: ClientSocket): void {
      this.client.#flush();
    },
    error(this: ClientSocket, error: NodeJS.ErrnoException): void {
      this.client.#failed(error);
    },
    close(this: ClientSocket): void {
      this.client.#closed();
    },
  };
}
