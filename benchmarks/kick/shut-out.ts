/** Suspends and revokes devices that are connected, and times the ends of their connections. */

import type { Clock } from '../../model/clock.ts';
import { native } from '../../model/dialects/native.ts';
import { LatencyHistogram } from '../../model/histogram.ts';
import type { ShutOutReport } from '../../model/report.ts';
import type { GatewayClient } from '../gateway-client.ts';
import { MqttConnection } from '../mqtt-connection.ts';

export interface ShutOutOptions {
  readonly client: GatewayClient;
  readonly clock: Clock;
  readonly mqttPort: number;
  /** How many devices. */
  readonly devices: number;
  /** Attempts to come back, each in whichever worker takes it. */
  readonly returnsEach: number;
  /** An end that takes longer is none. */
  readonly timeoutMs: number;
}

interface Subject {
  readonly device: string;
  readonly secret: string;
  connection: MqttConnection;
}

const enterprise = 'kicked';

/** Sessions opened at the same time. */
const openingMax = 20;

/**
 * Registers the devices and connects them; suspends one after the other, resumes and connects all
 * again; revokes one after the other. A device that was shut out tries to come back at once.
 * @throws Error when a device that may connect is refused.
 */
export async function shutOut(options: ShutOutOptions): Promise<ShutOutReport> {
  const run = new ShutOut(options);
  await run.begin();
  const suspendMs = await run.each('suspend');
  await run.resume();
  const revokeMs = await run.each('revoke');
  const { letIn, stillOpen } = run;
  return { devices: 2 * options.devices, stillOpen, letIn, suspendMs, revokeMs };
}

class ShutOut {
  stillOpen = 0;
  letIn = 0;
  readonly #options: ShutOutOptions;
  #subjects: readonly Subject[] = [];

  constructor(options: ShutOutOptions) {
    this.#options = options;
  }

  async begin(): Promise<void> {
    const { client, devices } = this.#options;
    const rows = Array.from({ length: devices }, (_, i) => ({
      enterprise,
      device: `device-${i}`,
      profile: 'generic',
    }));
    const report = await client.post('/api/v1/devices/import', rows);
    const { credentials } = report as { credentials: { device: string; secret: string }[] };
    this.#subjects = credentials.map((credential) => ({
      ...credential,
      connection: this.#connection(),
    }));
    await this.#connectAll();
  }

  async resume(): Promise<void> {
    for (const subject of this.#subjects) {
      await this.#post(subject, 'resume');
      subject.connection = this.#connection();
    }
    await this.#connectAll();
  }

  /** Shuts every device out, one after the other, and answers how long each session lasted on. */
  async each(event: 'suspend' | 'revoke') {
    const { clock, timeoutMs } = this.#options;
    const histogram = new LatencyHistogram();
    for (const subject of this.#subjects) {
      const { connection } = subject;
      const calledMs = clock.monotonicMs();
      await Promise.all([this.#post(subject, event), connection.until(() => false, timeoutMs)]);
      if (connection.closedMs === null) this.stillOpen++;
      else histogram.record(connection.closedMs - calledMs);
      await this.#comeBack(subject);
    }
    return histogram.summary();
  }

  async #comeBack(subject: Subject): Promise<void> {
    const tries = Array.from({ length: this.#options.returnsEach }, async () => {
      const connection = this.#connection();
      if ((await this.#present(connection, subject)) === 0) this.letIn++;
      await connection.end();
    });
    await Promise.all(tries);
  }

  async #connectAll(): Promise<void> {
    for (let at = 0; at < this.#subjects.length; at += openingMax) {
      const some = this.#subjects.slice(at, at + openingMax);
      await Promise.all(
        some.map(async (subject) => {
          const code = await this.#present(subject.connection, subject);
          if (code !== 0) throw new Error(`${subject.device} got no session: ${code}`);
        }),
      );
    }
  }

  #connection(): MqttConnection {
    const { clock, mqttPort: port, timeoutMs: answerMs } = this.#options;
    return new MqttConnection({ answerMs, clock, port });
  }

  #present(connection: MqttConnection, { device, secret }: Subject): Promise<number | null> {
    const { clientId, password, username } = native.credentials(enterprise, device, secret);
    return connection.connect({ clientId, username, password: Buffer.from(password) });
  }

  #post({ device }: Subject, event: string): Promise<unknown> {
    return this.#options.client.post(`/api/v1/devices/${enterprise}.${device}/${event}`, {});
  }
}
