/** A bare MQTT client for tests: sends exactly what it is told and remembers what comes back. */

import { connect, type Socket } from 'node:net';
import mqtt, { type Packet } from 'mqtt-packet';

export class RawMqtt {
  readonly received: Packet[] = [];
  closed = false;
  readonly socket: Socket;
  readonly #waiters: (() => void)[] = [];

  private constructor(socket: Socket) {
    this.socket = socket;
    const parser = mqtt.parser({ protocolVersion: 4 });
    parser.on('packet', (packet: Packet) => {
      this.received.push(packet);
      this.#wake();
    });
    socket.on('data', (bytes) => parser.parse(bytes));
    socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
    socket.on('error', () => {});
  }

  static open(port: number): Promise<RawMqtt> {
    return new Promise((resolve, reject) => {
      const socket = connect(port, '127.0.0.1', () => resolve(new RawMqtt(socket)));
      socket.once('error', reject);
    });
  }

  /** Over a connection that is open already, TLS for example. */
  static over(socket: Socket): RawMqtt {
    return new RawMqtt(socket);
  }

  /** Connects and returns the CONNACK's return code; null when the connection was closed instead. */
  async connect(options: Partial<mqtt.IConnectPacket>): Promise<number | null> {
    this.send({
      cmd: 'connect',
      protocolId: 'MQTT',
      protocolVersion: 4,
      clean: true,
      keepalive: 60,
      clientId: '',
      ...options,
    } as mqtt.IConnectPacket);
    const connack = await this.waitFor((packet) => packet.cmd === 'connack');
    return connack === null ? null : ((connack as mqtt.IConnackPacket).returnCode ?? null);
  }

  send(...packets: Packet[]): void {
    this.socket.write(Buffer.concat(packets.map((packet) => mqtt.generate(packet))));
  }

  /** The first packet that fits, also an earlier one; null when the connection closes before. */
  async waitFor(fits: (packet: Packet) => boolean, timeoutMs = 5000): Promise<Packet | null> {
    const endMs = Date.now() + timeoutMs;
    for (;;) {
      const found = this.received.find(fits);
      if (found) return found;
      if (this.closed) return null;
      if (Date.now() > endMs)
        throw new Error(`no such packet; got ${JSON.stringify(this.received)}`);
      await this.#next(100);
    }
  }

  async waitForClose(timeoutMs = 5000): Promise<void> {
    const endMs = Date.now() + timeoutMs;
    while (!this.closed) {
      if (Date.now() > endMs) throw new Error('the connection is still open');
      await this.#next(50);
    }
  }

  close(): void {
    this.socket.destroy();
  }

  #next(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, timeoutMs);
      this.#waiters.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter();
  }
}

export function publishPacket(
  topic: string,
  payload: string | Buffer,
  options: Partial<mqtt.IPublishPacket> = {},
): mqtt.IPublishPacket {
  return {
    cmd: 'publish',
    topic,
    payload,
    qos: 1,
    dup: false,
    retain: false,
    messageId: 1,
    ...options,
  };
}
