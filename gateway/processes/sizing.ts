/**
 * How many workers a gateway runs, and how many sessions each may take: from the sessions that are
 * expected, the descriptors a process may have, and the cores. Pure.
 */

import { OnrampError } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';

/** What somebody wants; null where nothing was said. */
export interface WantedSize {
  readonly workers: number | 'auto';
  /** Sessions of all workers at the same time. */
  readonly sessionsExpected: number | null;
  /** Sessions of one worker. */
  readonly sessionsMax: number | null;
  /** Listening sockets of one worker. */
  readonly listeners: number;
}

/** What the machine gives. */
export interface MachineSize {
  /** Descriptors of one process; Infinity where there is no limit. */
  readonly openFilesMax: number;
  readonly cores: number;
  /** Several processes can listen on one port. */
  readonly sharesPorts: boolean;
}

export interface GatewaySize {
  readonly workers: number;
  /** Sessions of one worker. */
  readonly sessionsMax: number;
  /** Connections of one worker: some more, so that one session too many gets an answer. */
  readonly connectionsMax: number;
}

/** Where nobody says what is expected. */
const sessionsExpectedDefault = 12_500;
/** Of its descriptors a worker's even part of the sessions takes this much at most. */
const evenPart = 0.65;
/** A session takes one of these; the rest is for connections that are none yet. */
const sessionsPart = 0.95;
/** Files, pipes, the event loop. */
const otherDescriptors = 100;
const spareConnections = 256;
/** Workers that may be dead at the same time while the others hold all sessions. */
const deadWorkers = 2;
/** Fewer sessions are not worth a core of their own. */
const sessionsPerCoreMin = 5000;
/**
 * The kernel spreads connections by a hash: beside the mean of m, so many times its standard
 * deviation (the root of m) is left free.
 */
const unevenness = 4;

/**
 * The size that fits both.
 * @throws OnrampError `config.open-files-limit` where the sessions do not fit; says what would do.
 */
export function gatewaySize(wanted: WantedSize, machine: MachineSize): GatewaySize {
  const { openFilesMax } = machine;
  const workers = wanted.workers === 'auto' ? autoWorkers(wanted, machine) : wanted.workers;
  if (workers === null || !holdsAll(wanted, workers, openFilesMax)) {
    throw tooFewDescriptors(wanted, machine);
  }
  const sessionsMax = sessionsOfWorker(wanted, openFilesMax);
  const spare = Math.min(spareConnections, Math.floor(openFilesMax * (1 - sessionsPart)));
  return { workers, sessionsMax, connectionsMax: sessionsMax + spare };
}

/** Who chooses the number of workers need not say what is expected. */
function expectedOf({ sessionsExpected, workers }: WantedSize): number {
  return sessionsExpected ?? (workers === 'auto' ? sessionsExpectedDefault : 1);
}

/** As many sessions as one worker takes; 0 or less where its descriptors do not do for any. */
function sessionsOfWorker({ listeners, sessionsMax }: WantedSize, openFilesMax: number): number {
  const possible = Math.floor(openFilesMax * sessionsPart) - otherDescriptors - listeners;
  return Math.min(possible, sessionsMax ?? limits.workerSessionsMax);
}

/** `workers` hold all sessions, spread as the kernel does. */
function holdsAll(wanted: WantedSize, workers: number, openFilesMax: number): boolean {
  if (workers < 1) return false;
  const mean = expectedOf(wanted) / workers;
  const spread = workers === 1 || mean < 1 ? 0 : unevenness * Math.sqrt(mean);
  return Math.ceil(mean + spread) <= sessionsOfWorker(wanted, openFilesMax);
}

/** They hold all in comfort, and where there are several, also when two of them die. */
function suffices(wanted: WantedSize, workers: number, openFilesMax: number): boolean {
  const most = Math.min(openFilesMax, wanted.sessionsMax ?? limits.workerSessionsMax);
  if (Math.ceil(expectedOf(wanted) / workers) > most * evenPart) return false;
  return holdsAll(wanted, workers === 1 ? 1 : workers - deadWorkers, openFilesMax);
}

/** Null where not even the most workers would do. */
function autoWorkers(wanted: WantedSize, machine: MachineSize): number | null {
  const { cores, openFilesMax, sharesPorts } = machine;
  if (!sharesPorts) return 1;
  const useful = Math.min(cores - 1, Math.floor(expectedOf(wanted) / sessionsPerCoreMin));
  const least = Math.min(Math.max(1, useful), limits.workersMax);
  return smallest(least, limits.workersMax, (count) => suffices(wanted, count, openFilesMax));
}

function tooFewDescriptors(wanted: WantedSize, machine: MachineSize): OnrampError {
  const { openFilesMax, sharesPorts } = machine;
  const most = sharesPorts ? limits.workersMax : 1;
  const workers = wanted.workers === 'auto' ? most : wanted.workers;
  const does = wanted.workers === 'auto' && sharesPorts ? suffices : holdsAll;
  const expected = expectedOf(wanted);
  const needed = smallest(1, 10 * limits.workerSessionsMax, (openFiles) =>
    does(wanted, workers, openFiles),
  );
  const count = smallest(1, expected + deadWorkers + 1, (many) =>
    suffices(wanted, many, openFilesMax),
  );
  return new OnrampError('config.open-files-limit', [
    `sessions: ${expected}, workers: ${workers}, ulimit -n: ${openFilesMax}`,
    ...(needed === null ? [] : [`ulimit -n ${needed} would do`]),
    ...(count === null
      ? []
      : [`workers: ${count} would do${count > most ? `, but ${most} is the most` : ''}`]),
  ]);
}

/**
 * The first of `from` … `to` that `does`; null when there is none. Of two others, if the smaller
 * does, the larger does too.
 */
function smallest(from: number, to: number, does: (value: number) => boolean): number | null {
  if (does(from)) return from;
  if (!does(to)) return null;
  let [low, high] = [from, to];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (does(middle)) high = middle;
    else low = middle;
  }
  return high;
}
