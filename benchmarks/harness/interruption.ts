/** Ctrl-C: the first ends a run in order, the second at once. */

import type { Clock } from '../../model/clock.ts';

/** Thrown out of whatever a run waited for when it was interrupted. */
export class Interrupted extends Error {
  constructor() {
    super('the run was interrupted');
    this.name = 'Interrupted';
  }
}

/** Ctrl-C, an ordinary kill, and a terminal that is closed. */
const endingSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `timeout` and others signal a process and then its whole group: that is one wish, not two. */
const sameWishMs = 300;

/**
 * Has `run` end in order at the first of `endingSignals`, which `say` tells, and this process at
 * once at the second; what the run has started ends when this process does.
 */
export async function interruptible<T>(
  run: (signal: AbortSignal) => Promise<T>,
  clock: Clock,
  say: (line: string) => void,
): Promise<T> {
  const controller = new AbortController();
  let wishedMs = 0;
  const onSignal = (): void => {
    if (controller.signal.aborted) {
      if (clock.monotonicMs() - wishedMs > sameWishMs) process.exit(130);
      return;
    }
    wishedMs = clock.monotonicMs();
    say('Ending in order, with a report; once more ends at once, without one.');
    controller.abort(new Interrupted());
  };
  for (const name of endingSignals) process.on(name, onSignal);
  try {
    return await run(controller.signal);
  } finally {
    for (const name of endingSignals) process.off(name, onSignal);
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
