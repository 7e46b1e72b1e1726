/** The supervisor as a process of its own, started by a launcher. */

import { type SentError, toSentError } from '../../model/sent-error.ts';
import type { GatewaySettings } from '../config.ts';
import { type GatewayAddress, Supervisor } from '../supervisor.ts';

export type ToSupervisor =
  | { readonly type: 'start'; readonly settings: GatewaySettings }
  | { readonly type: 'stop' };

export type FromSupervisor =
  | { readonly type: 'ready'; readonly address: GatewayAddress }
  | ({ readonly type: 'failed' } & SentError);

// What this process and its libraries write is for its owner only.
process.umask(0o077);

let supervisor: Supervisor | null = null;

async function stop(exitCode: number): Promise<void> {
  await supervisor?.stop();
  process.exit(exitCode);
}

async function start(settings: GatewaySettings): Promise<void> {
  try {
    supervisor = new Supervisor(settings);
    const address = await supervisor.start();
    tell({ type: 'ready', address });
  } catch (error) {
    const failed: FromSupervisor = { type: 'failed', ...toSentError(error) };
    process.send?.(failed, () => process.exit(1));
  }
}

function tell(message: FromSupervisor): void {
  if (process.connected) process.send?.(message);
}

process.on('message', (message: ToSupervisor) => {
  if (message.type === 'start') void start(message.settings);
  else void stop(0);
});
// The launcher is gone: end in order, so that nobody is left behind without an owner.
process.on('disconnect', () => void stop(0));
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});
