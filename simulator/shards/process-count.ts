/** How many processes a fleet needs, and whether it fits them. */

import { OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';

/** Of the sockets a process may open, so that some are left while connections are replaced. */
const socketsShare = 0.8;

/** A process of fewer devices is not worth its memory. */
const devicesMin = 500;

/** Descriptors a process needs besides its sessions: files, pipes, the event loop. */
const otherDescriptors = 100;

export interface ProcessNeeds {
  readonly devices: number;
  /** Sockets one process may open, see `sessionsMaxOf`; Infinity when nothing limits them. */
  readonly sessionsMax: number;
  readonly cores: number;
}

/** Sockets a process may open when it may have `openFiles` files open. */
export function sessionsMaxOf(openFiles: number): number {
  return Math.max(1, openFiles - otherDescriptors);
}

/** As many as the limit of open files demands, and one for each core where there is enough to do. */
export function processCount({ devices, sessionsMax, cores }: ProcessNeeds): number {
  const byLimit = Math.ceil(devices / Math.max(1, Math.floor(sessionsMax * socketsShare)));
  const byCores = Math.min(cores, Math.ceil(devices / devicesMin));
  return Math.min(Math.max(1, byLimit, byCores), limits.simulatorProcessesMax);
}

/**
 * Says before the run, not amid its ramp, that a process cannot open as many sockets, or that there
 * are more processes than devices.
 * @throws OnrampError `config.invalid`.
 */
export function refuseTooMany(needs: ProcessNeeds, processes: number): void {
  const { devices, sessionsMax } = needs;
  if (processes > devices) {
    throw new OnrampError('config.invalid', `--processes: ${processes} for ${devices} devices`);
  }
  const each = Math.ceil(devices / processes);
  if (each <= sessionsMax) return;
  const who = processes === 1 ? 'this process' : `each of ${processes} processes`;
  throw new OnrampError(
    'config.invalid',
    `--devices: ${each} sessions, and ${who} may open ${sessionsMax} sockets; use ` +
      `--processes ${processCount(needs)} (or auto), or raise the limit: ` +
      `ulimit -n ${each + otherDescriptors}`,
  );
}
