/** Who plays in the part of a simulation that this process has. */

import type { Clock } from '../model/clock.ts';
import { dialects } from '../model/dialects/index.ts';
import { builtInProfiles } from '../model/profiles/index.ts';
import { jitter } from '../model/random.ts';
import { resolveTarget } from './client/target.ts';
import { Fleet } from './fleet.ts';
import { type Identities, identitiesOf } from './identities.ts';
import { Machines } from './machines.ts';
import { Measurements } from './measurements.ts';
import type { CredentialFile } from './onboarding/credential-file.ts';
import { FirstRows } from './onboarding/first-rows.ts';
import { platformApiOf } from './onboarding/register.ts';
import type { SimulationOptions } from './options.ts';
import type { CityPart } from './shard.ts';

export interface Cast {
  readonly fleet: Fleet;
  /** To be warmed up before there is load. */
  readonly machines: Machines;
  readonly onboarding: Identities['onboarding'];
  /** Null when the platform is not asked for first rows. */
  readonly firstRows: FirstRows | null;
}

/**
 * @throws OnrampError `config.invalid` when credentials cannot be read or the target does not fit
 * its options; `simulate.target-unreachable` when its name is not known.
 */
export async function castOf(
  options: SimulationOptions,
  { devices, enterprises }: CityPart,
  clock: Clock,
  credentialFile: CredentialFile | null,
): Promise<Cast> {
  const target = await resolveTarget({
    url: options.target,
    ca: options.tlsCa,
    fingerprint: options.tlsFingerprint,
    insecure: options.tlsInsecure,
    loopbackAddresses: options.spreadLoopback,
    sourceAddresses: options.sourceAddresses,
  });
  const measurements = new Measurements();
  const sources = { clock, target, measurements, credentialFile };
  const { secret, onboarding } = identitiesOf(options, devices, sources);
  const machines = new Machines(devices, builtInProfiles, options.seed, options.report);
  const fleet = new Fleet({
    ...{ clock, target, devices, enterprises, secret, onboarding, measurements },
    dialect: dialects[options.dialect],
    machines,
    qos: options.qos,
    report: options.report,
    intervalMs: options.interval,
    publishFrom: options.publishFrom,
    connectRatePerSecond: options.connectRate ?? null,
    connectsInFlightMax: options.connectsInFlight,
    connectTimeoutMs: options.connectTimeout,
    backoffMs: options.backoff,
    backoffMsMax: options.backoffMax,
    keepaliveS: options.keepalive / 1000,
    inFlightMax: options.inFlight,
    random: jitter,
  });
  const asked = onboarding !== null && platformApiOf(options) !== null;
  const firstRows = asked ? new FirstRows({ onboarding, measurements }) : null;
  return { fleet, machines, onboarding, firstRows };
}
