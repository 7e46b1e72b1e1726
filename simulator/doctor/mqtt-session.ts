/** One MQTT 3.1.1 session, packet by packet, that tells what came instead of an answer. */

import type { Socket } from 'node:net';
import { generate } from 'mqtt-packet';
import type { Clock } from '../../model/clock.ts';
import type { Credentials } from '../../model/dialects/dialect.ts';
import { disconnectRequest } from '../client/frames.ts';
import { connackType, type FrameHandler, readFrames } from '../client/incoming.ts';

/** `other`: the server speaks something else; its first bytes are given. */
export type ConnectOutcome =
  | { readonly kind: 'connack'; readonly code: number }
  | { readonly kind: 'closed' | 'silent' }
  | { readonly kind: 'other'; readonly bytes: Buffer };

const connackBytes = 4;
const keepaliveS = 60;
const publishPacketId = 1;

/** Bytes kept of what a server sends; a platform sends this client a few dozen. */
const receivedBytesMax = 64 * 1024;

export class MqttSession {
  readonly #socket: Socket;
  readonly #clock: Clock;
  #received = Buffer.alloc(0);
  #closed = false;
  #acknowledged = false;
  #wake: (() => void) | null = null;

  /** Takes over an open connection. */
  constructor(socket: Socket, clock: Clock) {
    this.#socket = socket;
    this.#clock = clock;
    socket.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      if (this.#received.length > receivedBytesMax) socket.destroy();
      this.#wake?.();
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#wake?.();
    });
  }

  /** Sends CONNECT and waits for what comes first. */
  async connect(credentials: Partial<Credentials>, timeoutMs: number): Promise<ConnectOutcome> {
    const { clientId = '', username, password } = credentials;
    this.#socket.write(
      generate({
        cmd: 'connect',
        protocolId: 'MQTT',
        protocolVersion: 4,
        clean: true,
        keepalive: keepaliveS,
        clientId,
        ...(username !== undefined && { username }),
        ...(password !== undefined && { password: Buffer.from(password) }),
      }),
    );
    const answered = (): boolean =>
      this.#received.length >= connackBytes ||
      (this.#received.length > 0 && this.#received[0] !== connackType);
    await this.#until(answered, timeoutMs);
    const bytes = this.#received;
    if (bytes.length >= connackBytes && bytes[0] === connackType) {
      this.#received = bytes.subarray(connackBytes);
      return { kind: 'connack', code: bytes[3]! };
    }
    if (bytes.length > 0) return { kind: 'other', bytes };
    return { kind: this.#closed ? 'closed' : 'silent' };
  }

  /** Publishes at QoS 1, once, after `connect`. */
  async publish(
    topic: string,
    payload: Buffer,
    timeoutMs: number,
  ): Promise<'acknowledged' | 'closed' | 'silent'> {
    this.#socket.write(
      generate({
        ...{ cmd: 'publish', topic, payload, qos: 1, messageId: publishPacketId },
        ...{ dup: false, retain: false },
      }),
    );
    await this.#until(() => this.#readAck(), timeoutMs);
    if (this.#acknowledged) return 'acknowledged';
    return this.#closed ? 'closed' : 'silent';
  }

  /** Leaves politely. */
  end(): void {
    if (!this.#closed) this.#socket.end(disconnectRequest);
  }

  /** Cuts the connection. */
  cut(): void {
    this.#socket.destroy();
  }

  #readAck(): boolean {
    const handler: FrameHandler<null> = {
      connack: () => undefined,
      puback: (_, packetId) => {
        if (packetId === publishPacketId) this.#acknowledged = true;
      },
      pingresp: () => undefined,
      packet: () => undefined,
    };
    const bytes = this.#received;
    try {
      const rest = readFrames(bytes, bytes.length, handler, null);
      this.#received = bytes.subarray(rest);
    } catch {
      this.#socket.destroy();
    }
    return this.#acknowledged;
  }

  /** Until `condition` holds, the connection is gone or the time is over. */
  async #until(condition: () => boolean, timeoutMs: number): Promise<void> {
    let over = false;
    const timer = this.#clock.after(timeoutMs, () => {
      over = true;
      this.#wake?.();
    });
    while (!condition() && !this.#closed && !over) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    timer.cancel();
  }
}
