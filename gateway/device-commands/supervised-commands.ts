/** Commands in the supervisor: finds the worker that has the session, and takes in what it tells. */

import type { Clock, Timer } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import { secretBytes } from '../../model/random.ts';
import type { ToWorker } from '../processes/messages.ts';
import { WorkerOutbox } from '../processes/worker-outbox.ts';
import type { Lives } from '../registry/lives.ts';
import { CommandBook } from './command-book.ts';
import type {
  CommandOutcome,
  CommandTarget,
  DeviceCommand,
  DeviceCommands,
} from './device-command.ts';

export interface SupervisedCommandsOptions {
  readonly clock: Clock;
  /** The worker that has the session of a client id; null when there is none. */
  readonly workerOf: (client: string) => number | null;
  readonly send: (worker: number, message: ToWorker) => void;
  readonly trail: Pick<Lives, 'note'>;
}

export class SupervisedCommands implements DeviceCommands {
  readonly #options: SupervisedCommandsOptions;
  readonly #book = new CommandBook();
  readonly #outbox: WorkerOutbox;
  /** Until what is old is forgotten; null while there is nothing. */
  #timer: Timer | null = null;

  constructor(options: SupervisedCommandsOptions) {
    const { clock, send } = options;
    this.#options = options;
    this.#outbox = new WorkerOutbox({ clock, send });
  }

  stop(): void {
    this.#timer?.cancel();
  }

  async send(target: CommandTarget, command: object, actor: string): Promise<DeviceCommand> {
    const { device, enterprise } = target;
    const id = secretBytes(8).toString('hex');
    const payload = JSON.stringify({ id, command });
    if (Buffer.byteLength(payload) > limits.commandBytesMax) {
      throw new OnrampError('device.command-too-large', `${limits.commandBytesMax} bytes at most`);
    }
    const session = this.#sessionFor(target);
    if (session === null) throw new OnrampError('device.offline', deviceKey(enterprise, device));
    const { client, worker } = session;
    const sent = this.#book.add(id, target, worker, this.#options.clock.nowMs());
    this.#forgetLater();
    await this.#note(sent, actor);
    // Its worker may be gone by now.
    const now = this.find(enterprise, device, id) ?? sent;
    if (now.state === 'sent') {
      this.#outbox.command(worker, { id, client, enterprise, device, payload });
    }
    return now;
  }

  find(enterprise: string, device: string, id: string): DeviceCommand | null {
    return this.#book.find(enterprise, device, id, this.#options.clock.nowMs());
  }

  /** What a worker tells. */
  take(outcomes: readonly CommandOutcome[]): void {
    const nowMs = this.#options.clock.nowMs();
    for (const outcome of outcomes) this.#book.take(outcome, nowMs);
  }

  /** A worker's process is gone. */
  workerGone(worker: number): void {
    this.#outbox.forget(worker);
    this.#book.workerGone(worker);
  }

  /** Nothing is sent that the audit trail does not tell of. */
  async #note(command: DeviceCommand, actor: string): Promise<void> {
    const { device, enterprise, id, sentAtMs: atMs } = command;
    const event = 'command-sent';
    try {
      await this.#options.trail.note({ atMs, enterprise, device, event, cause: id, actor });
    } catch (error) {
      this.#book.remove(id);
      throw error;
    }
  }

  #forgetLater(): void {
    const { clock } = this.#options;
    this.#timer ??= clock.after(limits.commandKeptMs, () => {
      this.#timer = null;
      this.#book.forget(clock.nowMs());
      if (this.#book.size > 0) this.#forgetLater();
    });
  }

  /** The device's own session, or else that of its gateway. */
  #sessionFor({ device, enterprise, gateway }: CommandTarget) {
    for (const subject of gateway === null ? [device] : [device, gateway]) {
      const client = deviceKey(enterprise, subject);
      const worker = this.#options.workerOf(client);
      if (worker !== null) return { client, worker };
    }
    return null;
  }
}
