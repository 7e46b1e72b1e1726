/** An MQTT server for tests that does exactly what its script says, right or wrong. */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import mqtt, { type Packet } from 'mqtt-packet';

/** One connection to the server. */
export interface ScriptedConnection {
  readonly socket: Socket;
  /** Everything received on it, in order. */
  readonly received: Packet[];
  send(packet: Packet): void;
}

export type Script = (packet: Packet, connection: ScriptedConnection) => void;

/** Accepts every session and acknowledges every publish. */
export const obliging: Script = (packet, connection) => {
  if (packet.cmd === 'connect') {
    connection.send({ cmd: 'connack', returnCode: 0, sessionPresent: false });
  } else if (packet.cmd === 'publish' && packet.qos === 1) {
    connection.send({ cmd: 'puback', messageId: packet.messageId! });
  } else if (packet.cmd === 'pingreq') {
    connection.send({ cmd: 'pingresp' });
  } else if (packet.cmd === 'disconnect') {
    connection.socket.end();
  }
};

export class ScriptedMqttServer {
  readonly connections: ScriptedConnection[] = [];
  /** May be changed at any time. */
  script: Script;
  readonly #server: Server;

  private constructor(server: Server, event: 'connection' | 'secureConnection', script: Script) {
    this.#server = server;
    this.script = script;
    server.on(event, (socket: Socket) => this.#accept(socket));
  }

  static async start(script: Script = obliging, tls?: TlsOptions): Promise<ScriptedMqttServer> {
    const server = tls === undefined ? createServer() : createTlsServer(tls);
    const event = tls === undefined ? 'connection' : 'secureConnection';
    const scripted = new ScriptedMqttServer(server, event, script);
    server.on('tlsClientError', () => undefined);
    server.listen({ port: 0, host: '0.0.0.0', backlog: 1024 });
    await once(server, 'listening');
    return scripted;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Every packet received on any connection, connection by connection. */
  get received(): Packet[] {
    return this.connections.flatMap((connection) => connection.received);
  }

  /** Cuts all connections. */
  dropAll(): void {
    for (const { socket } of this.connections) socket.destroy();
  }

  /** Refuses connections from now on; those there are stay. */
  stopListening(): void {
    this.#server.close();
  }

  async stop(): Promise<void> {
    const closed = this.#server.listening ? once(this.#server, 'close') : null;
    this.#server.close();
    this.dropAll();
    await closed;
  }

  #accept(socket: Socket): void {
    const connection: ScriptedConnection = {
      socket,
      received: [],
      send: (packet) => socket.write(mqtt.generate(packet)),
    };
    this.connections.push(connection);
    const parser = mqtt.parser({ protocolVersion: 4 });
    parser.on('packet', (packet: Packet) => {
      connection.received.push(packet);
      this.script(packet, connection);
    });
    parser.on('error', () => socket.destroy());
    socket.on('data', (bytes) => parser.parse(bytes));
    socket.on('error', () => undefined);
  }
}
