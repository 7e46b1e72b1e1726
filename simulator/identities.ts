/** Where the devices of a fleet have their secrets from: the fleet key, a file, or a claim. */

import { createSecretKey } from 'node:crypto';
import type { CityDevice } from '../model/city.ts';
import type { Clock } from '../model/clock.ts';
import { dialects } from '../model/dialects/index.ts';
import { fleetSecret } from '../model/fleet-secret.ts';
import type { Target } from './client/target.ts';
import type { Measurements } from './measurements.ts';
import { type CredentialFile, readCredentials } from './onboarding/credential-file.ts';
import { Onboarding } from './onboarding/onboarding.ts';
import type { SimulationOptions } from './options.ts';

/** Requests for a credential in one claim session. */
const requestsMax = 3;

/** In place of a device, in the derivation of a claim's secret; no device may have this id. */
const claimSubject = 'claim';

export interface Identities {
  /** The secret of a device, which has the position `index` among the fleet's. */
  readonly secret: (device: CityDevice, index: number) => string;
  /** Null when the devices have their secrets. */
  readonly onboarding: Onboarding | null;
}

export interface IdentitySources {
  readonly clock: Clock;
  readonly target: Target;
  readonly measurements: Measurements;
  /** Takes the credentials that are issued; null when nobody keeps them. */
  readonly credentialFile: CredentialFile | null;
}

/** @throws OnrampError `config.invalid` when `options.credentials` is to be read and cannot be. */
export function identitiesOf(
  options: SimulationOptions,
  devices: readonly CityDevice[],
  { clock, target, measurements, credentialFile }: IdentitySources,
): Identities {
  if (options.credentials !== undefined && options.onboard === undefined) {
    const secrets = readCredentials(options.credentials, devices);
    return { secret: (_, index) => secrets[index]!, onboarding: null };
  }
  const fleetKey = createSecretKey(options.fleetKey!);
  if (options.onboard === undefined) {
    return {
      secret: ({ enterprise, device }) => fleetSecret(fleetKey, enterprise, device),
      onboarding: null,
    };
  }
  const onboarding = new Onboarding({
    claims: {
      clock,
      target,
      keepaliveS: options.keepalive / 1000,
      connectTimeoutMs: options.connectTimeout,
      answerTimeoutMs: options.answerTimeout,
      requestsMax,
    },
    devices,
    dialect: dialects[options.dialect],
    claimSecret: (enterprise) => fleetSecret(fleetKey, enterprise, claimSubject),
    measurements,
    onIssued: (device, credentials) => credentialFile?.add(device, credentials),
  });
  return { secret: (_, index) => onboarding.secret(index), onboarding };
}
