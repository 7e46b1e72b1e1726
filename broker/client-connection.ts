/**
 * What aedes has of a connection. The front door reads the socket itself and cuts what arrives into
 * packets: the many that are ordinary publishes it handles at once, every other one is handed to
 * aedes, whole, one at a time and in order. This spares most messages the way through Node's
 * readable stream, a general parser and the broker's chain of actions, and bounds every packet.
 */

import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { OnrampError } from '../model/errors.ts';
import { incomplete, malformed, packetLength } from './packet-bytes.ts';

/** One MQTT packet, header included, in bytes. */
export interface PacketLimits {
  /** Before CONNACK, for the CONNECT. */
  readonly connectPacketBytesMax: number;
  readonly packetBytesMax: number;
}

/**
 * Offered every packet of an open session, from `begin` to `end` of `bytes`; true when it was
 * handled, false when it is for aedes.
 */
export type TakePacket = (bytes: Buffer, begin: number, end: number) => boolean;

const heldBytesMin = 512;

/**
 * aedes asks little of a stream: to be told by `readable` and to `read` what there is, to write, and
 * to be told of the end. Each `readable` here has exactly one packet.
 */
export class ClientConnection extends EventEmitter {
  readonly socket: Socket;
  readonly #limits: PacketLimits;
  #take: TakePacket | null = null;
  /** The CONNECT is with aedes: what follows it waits. */
  #waits = false;
  #offered: Buffer | null = null;
  /** The beginning of a packet, in a buffer that may be longer. */
  #held: Buffer | null = null;
  #heldBytes = 0;
  #tellsDrain = false;

  constructor(socket: Socket, limits: PacketLimits) {
    super();
    this.socket = socket;
    this.#limits = limits;
    socket.on('error', (error) => this.emit('error', error));
    socket.on('end', () => this.emit('end'));
    socket.on('close', () => this.emit('close'));
  }

  /** Begins to read; aedes must listen by now. */
  start(): void {
    this.socket.on('data', (chunk: Buffer) => this.#arrived(chunk));
  }

  /** The session is open: what waited, and what comes from now on, is offered to `take` first. */
  open(take: TakePacket): void {
    this.#take = take;
    this.#waits = false;
    const held = this.#held?.subarray(0, this.#heldBytes) ?? null;
    this.#held = null;
    if (held !== null) this.#cut(held);
    if (!this.destroyed) this.socket.resume();
  }

  /** For aedes: the packet that is offered. */
  read(): Buffer | null {
    const offered = this.#offered;
    this.#offered = null;
    return offered;
  }

  write(bytes: Buffer | string, ...rest: []): boolean {
    const flowing = this.socket.write(bytes, ...rest);
    if (!flowing && !this.#tellsDrain) {
      this.#tellsDrain = true;
      this.socket.once('drain', () => {
        this.#tellsDrain = false;
        this.emit('drain');
      });
    }
    return flowing;
  }

  cork(): void {
    this.socket.cork();
  }

  uncork(): void {
    this.socket.uncork();
  }

  destroy(error?: Error): void {
    this.socket.destroy(error);
  }

  get destroyed(): boolean {
    return this.socket.destroyed;
  }

  get writable(): boolean {
    return this.socket.writable;
  }

  #arrived(chunk: Buffer): void {
    if (this.#held === null && !this.#waits) {
      this.#cut(chunk);
      return;
    }
    this.#hold(chunk);
    if (this.#waits) return;
    const held = this.#held as unknown as Buffer;
    const length = packetLength(held.subarray(0, this.#heldBytes), 0);
    if (length > this.#heldBytes && length <= this.#bytesMax) return;
    if (length === incomplete) return;
    this.#held = null;
    this.#cut(held.subarray(0, this.#heldBytes));
  }

  get #bytesMax(): number {
    const { connectPacketBytesMax, packetBytesMax } = this.#limits;
    return this.#take === null ? connectPacketBytesMax : packetBytesMax;
  }

  /** Hands on every whole packet of `bytes`, and keeps the rest. */
  #cut(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.#waits) {
      if (this.destroyed) return;
      const length = packetLength(bytes, at);
      if (length === malformed) {
        // For aedes to refuse.
        this.#offer(bytes.subarray(at));
        return;
      }
      if (length > this.#bytesMax) {
        const size = `${length} of ${this.#bytesMax} bytes`;
        this.emit('error', new OnrampError('packet.too-large', size));
        return;
      }
      const end = at + length;
      if (length === incomplete || end > bytes.length) break;
      if (this.#take === null) {
        this.#waits = true;
        this.socket.pause();
        this.#offer(bytes.subarray(at, end));
      } else if (!this.#take(bytes, at, end)) {
        this.#offer(bytes.subarray(at, end));
      }
      at = end;
    }
    if (at < bytes.length) this.#hold(bytes.subarray(at));
  }

  #offer(packet: Buffer): void {
    this.#offered = packet;
    this.emit('readable');
  }

  /** Adds to what is held, in a buffer that grows by doubling, so that single bytes cost little. */
  #hold(bytes: Buffer): void {
    const before = this.#held;
    const used = before === null ? 0 : this.#heldBytes;
    const needed = used + bytes.length;
    let into = before;
    if (into === null || into.length < needed) {
      into = Buffer.allocUnsafeSlow(Math.max(heldBytesMin, needed, 2 * used));
      before?.copy(into, 0, 0, used);
    }
    bytes.copy(into, used);
    this.#held = into;
    this.#heldBytes = needed;
  }
}
