/** Why a connection was not made or was lost, in a small vocabulary that can be counted. */

/**
 * Where it happened, as a run's report has it: `tcp` until the connection is open, `tls` until the
 * handshake is done, `connack` until the session is accepted, `session` after that.
 */
export type Stage = 'tcp' | 'tls' | 'connack' | 'session';

/**
 * Stages that only a fleet that comes on board goes through: `claim` until the claim session is
 * accepted, `provision` until the device has its credential, `row` when the platform is asked for
 * the first rows.
 */
export type OnboardingStage = 'claim' | 'provision' | 'row';

/**
 * One kind of failure. `code` is the return code of a CONNACK (`1` to `5`), a word, or the code of
 * the platform's refusal.
 */
export interface Failure {
  readonly stage: Stage | OnboardingStage;
  readonly code: string;
}

/** Words for the errors of sockets, where a word is clearer than the system's name. */
const words: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused',
  ECONNRESET: 'reset',
  EPIPE: 'reset',
  ETIMEDOUT: 'timeout',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  EADDRNOTAVAIL: 'no-local-address',
  EMFILE: 'too-many-open-files',
};

/** Failures with one of these codes are the generator's own, not the platform's. */
export const localFailureCodes: ReadonlySet<string> = new Set([
  'no-local-address',
  'too-many-open-files',
]);

/** The failure behind an `error` event at `stage`. Unknown errors keep the system's code. */
export function classify(stage: Stage, error: NodeJS.ErrnoException): Failure {
  const code = error.code ?? 'unknown';
  return { stage, code: words[code] ?? code };
}
