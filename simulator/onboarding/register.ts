/** Has the platform register the claims of the city that is about to come on board. */

import { OnrampError } from '../../model/errors.ts';
import type { SimulationOptions } from '../options.ts';
import { ApiUnreachable, PlatformApi, problemOf } from '../platform-api.ts';

/** For one answer; the platform may have 10,000 claims to write. */
const timeoutMs = 120_000;

/** The API that `options` names; null when they name none. */
export function platformApiOf({ api: url, apiTokenFile: token }: SimulationOptions) {
  return url === undefined || !token ? null : new PlatformApi({ url, token, timeoutMs });
}

/**
 * `POST /api/v1/claims/import-city`: one claim for each enterprise, whose secret derives from the
 * fleet key that platform and simulator share.
 * @throws OnrampError `simulate.claims-not-registered` when the platform does not.
 */
export async function registerClaims(
  api: PlatformApi,
  { seed, enterprises, devices, sensors }: SimulationOptions,
): Promise<void> {
  const city = { seed, enterprises, devices, sensors };
  const answer = await api.post('/api/v1/claims/import-city', city).catch((error: unknown) => {
    if (!(error instanceof ApiUnreachable)) throw error;
    throw new OnrampError('simulate.claims-not-registered', error.message, error);
  });
  if (answer.status >= 200 && answer.status < 300) return;
  throw new OnrampError('simulate.claims-not-registered', problemOf(answer));
}
