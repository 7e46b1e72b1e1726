/** What it means that no device at all has a session. */

import { OnrampError } from '../model/errors.ts';
import type { FailureCount } from './measurements.ts';

/**
 * `simulate.all-refused` when the platform refused all, `simulate.claims-refused` when it refused
 * their claims, else `simulate.target-unreachable`.
 */
export function nobodyConnected(failures: readonly FailureCount[]): OnrampError {
  return new OnrampError(
    verdictOn(failures),
    failures.map(({ stage, code, count }) => `${stage} ${code}, ${count} times`),
  );
}

function verdictOn(failures: readonly FailureCount[]) {
  const platformSaysNo = ({ stage, code }: FailureCount): boolean =>
    stage === 'provision' || (stage === 'claim' && /^[1-5]$/.test(code));
  if (failures.every(({ stage }) => stage === 'connack')) return 'simulate.all-refused';
  return failures.every(platformSaysNo) ? 'simulate.claims-refused' : 'simulate.target-unreachable';
}
