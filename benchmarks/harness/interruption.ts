/** Ctrl-C: the first ends a run in order, the second at once. */

/** Thrown out of whatever a run waited for when it was interrupted. */
export class Interrupted extends Error {
  constructor() {
    super('the run was interrupted');
    this.name = 'Interrupted';
  }
}

/** What has to be ended by force when nobody waits any more: servers that do not end by themselves. */
export class LastResort {
  readonly #pids = new Set<number>();

  add(pid: number): void {
    this.#pids.add(pid);
  }

  remove(pid: number): void {
    this.#pids.delete(pid);
  }

  killAll(): void {
    for (const pid of this.#pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It is gone already.
      }
    }
  }
}

/**
 * Has `run` end in order at the first SIGINT or SIGTERM, and this process at once at the second;
 * children of the run end when this process does, `lastResort` is killed before.
 */
export async function interruptible<T>(
  run: (signal: AbortSignal) => Promise<T>,
  lastResort: LastResort,
): Promise<T> {
  const controller = new AbortController();
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      lastResort.killAll();
      process.exit(130);
    }
    controller.abort(new Interrupted());
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  try {
    return await run(controller.signal);
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

/** `work`, or a rejection with the signal's reason as soon as it is given. */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject, resolve } = Promise.withResolvers<T>();
  const abort = (): void => reject(signal.reason);
  work.then(resolve, reject);
  if (signal.aborted) abort();
  else signal.addEventListener('abort', abort, { once: true });
  return promise.finally(() => signal.removeEventListener('abort', abort));
}
