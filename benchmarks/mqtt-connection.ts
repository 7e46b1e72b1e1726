/** One MQTT connection: sends what it is told, and says what came of it. */

import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import mqtt, { type IConnectPacket, type Packet } from 'mqtt-packet';
import type { CertifiedKey } from '../gateway/commands/development-ca.ts';
import type { Clock } from '../model/clock.ts';

/** Where and how to connect. */
export interface Endpoint {
  readonly clock: Clock;
  readonly port: number;
  /** How long to wait for an answer, or the end. */
  readonly answerMs: number;
  /** The address to connect from; any when left out. */
  readonly localAddress?: string;
  /** TLS, with a client certificate or none; plain when left out. */
  readonly tls?: { readonly certificate: CertifiedKey | null };
}

const host = '127.0.0.1';
const keepaliveS = 600;

/** Packets that are kept; nothing that is done here brings as many. */
const packetsMax = 1000;

export class MqttConnection {
  readonly received: Packet[] = [];
  /** When the connection was gone, monotonic; null before. */
  closedMs: number | null = null;
  readonly #socket: Socket;
  readonly #answerMs: number;
  readonly #clock: Clock;
  #wake: (() => void)[] = [];

  constructor({ answerMs, clock, localAddress, port, tls }: Endpoint) {
    const endpoint = { host, port, noDelay: true, ...(localAddress && { localAddress }) };
    this.#answerMs = answerMs;
    this.#clock = clock;
    this.#socket =
      tls === undefined
        ? connectTcp(endpoint)
        : connectTls({
            ...endpoint,
            // The gateway's own certificate is not what is tried here.
            rejectUnauthorized: false,
            ...(tls.certificate && { cert: tls.certificate.certificate, key: tls.certificate.key }),
          });
    const parser = mqtt.parser({ protocolVersion: 4 });
    parser.on('packet', (packet: Packet) => {
      if (this.received.length < packetsMax) this.received.push(packet);
      this.#changed();
    });
    parser.on('error', () => this.#socket.destroy());
    this.#socket.on('data', (bytes) => parser.parse(bytes));
    this.#socket.on('error', () => {});
    this.#socket.on('close', () => {
      this.closedMs = clock.monotonicMs();
      this.#changed();
    });
  }

  get closed(): boolean {
    return this.closedMs !== null;
  }

  /** Sends CONNECT; the return code of its answer, or null when there was none. */
  async connect(options: Partial<IConnectPacket> & { clientId: string }): Promise<number | null> {
    this.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      keepalive: keepaliveS,
      ...options,
    });
    const answer = await this.first(({ cmd }) => cmd === 'connack');
    return answer?.cmd === 'connack' ? (answer.returnCode ?? 0) : null;
  }

  /** Bytes are kept until the connection is open. */
  send(packet: Packet): void {
    this.#socket.write(mqtt.generate(packet, { protocolVersion: 4 }));
  }

  /** The first packet that `fits`, also an earlier one; null when it is closed, or silent, before. */
  async first(fits: (packet: Packet) => boolean): Promise<Packet | null> {
    const found = () => this.received.find(fits);
    await this.until(() => found() !== undefined, this.#answerMs);
    return found() ?? null;
  }

  /** Until `condition` holds, the connection is closed, or the time is over. */
  async until(condition: () => boolean, timeoutMs: number): Promise<void> {
    let over = false;
    const timer = this.#clock.after(timeoutMs, () => {
      over = true;
      this.#changed();
    });
    while (!condition() && !this.closed && !over) {
      await new Promise<void>((resolve) => this.#wake.push(resolve));
    }
    timer.cancel();
  }

  /** Leaves politely, or at once when it never got in; resolves when the connection is gone. */
  async end(): Promise<void> {
    if (!this.closed) this.#socket.end(mqtt.generate({ cmd: 'disconnect' }));
    await this.until(() => false, this.#answerMs);
    this.#socket.destroy();
  }

  #changed(): void {
    const waiting = this.#wake;
    this.#wake = [];
    for (const wake of waiting) wake();
  }
}
