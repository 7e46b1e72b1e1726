/** The messages of one client that are not done: on the wire, or waiting to be written. */

/** Messages an outbox holds. */
export const outboxMax = 32;

/** A message on its way. */
export interface Outgoing {
  readonly frame: Buffer;
  /** 1 to 65535; 0 at QoS 0. */
  readonly packetId: number;
  /** The caller's number for it. */
  readonly seq: number;
  /** When it was due, monotonic milliseconds. */
  readonly dueMs: number;
  /** True once it was handed to a socket, on this connection or an earlier one. */
  written: boolean;
}

/**
 * A bounded queue in the order of sending. QoS 1 messages stay until acknowledged, and `rewind`
 * puts them back in line for the next connection; QoS 0 messages leave when written.
 */
export class Outbox {
  readonly #messages: Outgoing[] = [];
  /** How many of the first messages are on the wire. */
  #onWire = 0;

  get size(): number {
    return this.#messages.length;
  }

  get onWire(): number {
    return this.#onWire;
  }

  get full(): boolean {
    return this.#messages.length >= outboxMax;
  }

  add(message: Outgoing): void {
    if (this.full) throw new RangeError('outbox: full');
    this.#messages.push(message);
  }

  /** The first message that waits to be written. */
  next(): Outgoing | undefined {
    return this.#messages[this.#onWire];
  }

  /** What `next` returned was written. */
  wrote(message: Outgoing): void {
    message.written = true;
    if (message.packetId === 0) this.#messages.splice(this.#onWire, 1);
    else this.#onWire++;
  }

  /** Takes out the message on the wire with this id; null when there is none. */
  acknowledge(packetId: number): Outgoing | null {
    const messages = this.#messages;
    let at = 0;
    while (at < this.#onWire && messages[at]!.packetId !== packetId) at++;
    if (at === this.#onWire) return null;
    this.#onWire--;
    return (at === 0 ? messages.shift() : messages.splice(at, 1)[0])!;
  }

  /** The connection is gone: nothing is on the wire. */
  rewind(): void {
    this.#onWire = 0;
  }
}
