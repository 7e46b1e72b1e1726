/** A real broker (aedes) for tests of the simulator, whose acknowledgements can be held back. */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { Aedes } from 'aedes';

/** A publish as the broker accepted it. */
export interface AcceptedPublish {
  readonly clientId: string;
  readonly topic: string;
  readonly payload: string;
  readonly qos: number;
  readonly dup: boolean;
}

export interface TestBrokerOptions {
  /** Everybody is let in unless given. */
  readonly authenticate?: (clientId: string, username: string, password: string) => boolean;
  /** A free one unless given. */
  readonly port?: number;
}

export class TestBroker {
  readonly publishes: AcceptedPublish[] = [];
  readonly #aedes: Aedes;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #held: (() => void)[] | null = null;

  private constructor(aedes: Aedes) {
    this.#aedes = aedes;
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
      aedes.handle(socket);
    });
  }

  static async start(options: TestBrokerOptions = {}): Promise<TestBroker> {
    const { authenticate = () => true, port = 0 } = options;
    const aedes = await Aedes.createBroker({
      authenticate: (client, username, password, done) => {
        const accepted = authenticate(client.id, username ?? '', String(password ?? ''));
        if (accepted) done(null, true);
        else done(Object.assign(new Error('refused'), { returnCode: 5 }), false);
      },
      authorizePublish: (client, packet, done) => {
        if (client === null) return done(null);
        const accept = (): void => {
          const { topic, qos, dup } = packet;
          const payload = packet.payload.toString();
          broker.publishes.push({ clientId: client.id, topic, payload, qos, dup });
          done(null);
        };
        if (broker.#held === null) accept();
        else broker.#held.push(accept);
      },
    });
    aedes.on('clientError', () => undefined);
    aedes.on('connectionError', () => undefined);
    const broker = new TestBroker(aedes);
    broker.#server.listen({ port, host: '127.0.0.1', backlog: 1024 });
    await once(broker.#server, 'listening');
    return broker;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get sessions(): number {
    return this.#aedes.connectedClients;
  }

  /** From now on nothing is accepted or acknowledged until `release`. */
  hold(): void {
    this.#held ??= [];
  }

  /** Publishes that wait. */
  get held(): number {
    return this.#held?.length ?? 0;
  }

  /** Accepts and acknowledges what was held back, in its order. */
  release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    for (const accept of held) accept();
  }

  /** Cuts all connections and forgets what was held back, as a broker that dies. */
  dropAll(): void {
    if (this.#held !== null) this.#held = [];
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.dropAll();
    await new Promise<void>((resolve) => this.#aedes.close(() => resolve()));
    if (!this.#server.listening) return;
    this.#server.close();
    await once(this.#server, 'close');
  }
}
