/** A fleet that comes on board by claim: who has a credential, who is just getting one. */

import type { CityDevice } from '../../model/city.ts';
import type { Credentials, Dialect } from '../../model/dialects/dialect.ts';
import { claimCredentials, provisioningTopic } from '../../model/dialects/native-provisioning.ts';
import type { ConnectTimes } from '../client/client.ts';
import type { Failure } from '../client/failure.ts';
import type { Measurements } from '../measurements.ts';
import { ClaimSession, type ClaimSettings, type Issued } from './claim-session.ts';
import { provisioningRequest } from './provisioning-answer.ts';

/** The claim of every enterprise of a city, as the platform registers it. */
export const cityClaimId = 'fleet';

/** Return codes with which a platform refuses a credential (MQTT 3.1.1 §3.2.2.3). */
const credentialRefusals: ReadonlySet<string> = new Set(['4', '5']);

const sweepIntervalMs = 100;

/** It was given a credential once; it had a session of its own. */
const issued = 1;
const arrived = 2;

export interface OnboardingSettings {
  readonly claims: ClaimSettings;
  /** A device is known by its position here. */
  readonly devices: readonly CityDevice[];
  readonly dialect: Dialect;
  /** The secret of the enterprise's claim. */
  readonly claimSecret: (enterprise: string) => string;
  readonly measurements: Measurements;
  /** A device has got its credential. */
  readonly onIssued?: (device: CityDevice, credentials: Credentials) => void;
}

/**
 * Devices are numbered as in the list. A device claims until it has a credential, which it keeps;
 * one that is refused before it was ever used is thrown away, for the platform may have issued
 * another since, or the time to use it has passed.
 */
export class Onboarding {
  readonly #settings: OnboardingSettings;
  readonly #secrets: (string | undefined)[];
  readonly #sessions = new Set<ClaimSession>();
  /** How far each device has come: `issued`, `arrived`, or neither. */
  readonly #progress: Uint8Array;
  /** Wall time of the first attempt to claim; 0 before. */
  readonly #firstClaimAtMs: Float64Array;
  /** Wall time at which the first reading was due; 0 until that was acknowledged. */
  readonly #firstReadingAtMs: Float64Array;
  #startedMs = 0;
  #startedAtMs = 0;
  #lastAckMs = 0;
  #sweptMs = 0;

  constructor(settings: OnboardingSettings) {
    const count = settings.devices.length;
    this.#settings = settings;
    this.#secrets = new Array(count);
    this.#progress = new Uint8Array(count);
    this.#firstClaimAtMs = new Float64Array(count);
    this.#firstReadingAtMs = new Float64Array(count);
  }

  /** From the first claim's beginning to the latest acknowledgement of a first reading. */
  get ackSeconds(): number {
    return Math.max(0, this.#lastAckMs - this.#startedMs) / 1000;
  }

  /** Wall time at which the first device began to claim; 0 before. */
  get startedAtMs(): number {
    return this.#startedAtMs;
  }

  needsClaim(device: number): boolean {
    return this.#secrets[device] === undefined;
  }

  /** The device's own secret. @throws Error when it has none. */
  secret(device: number): string {
    const secret = this.#secrets[device];
    if (secret === undefined) throw new Error(`device ${device} has no credential`);
    return secret;
  }

  /** Begins a claim session; `over` is called once, when its connection is gone. */
  claim(device: number, over: (provisioned: boolean) => void): void {
    const { claims, measurements } = this.#settings;
    if (this.#firstClaimAtMs[device] === 0) {
      this.#firstClaimAtMs[device] = claims.clock.nowMs();
      if (this.#startedAtMs === 0) {
        this.#startedMs = claims.clock.monotonicMs();
        this.#startedAtMs = this.#firstClaimAtMs[device]!;
      }
    }
    const session = new ClaimSession(this.#claimOf(device), claims, {
      onClaimSession: (times) => measurements.recordClaim(times),
      onAskedAgain: () => measurements.counters.askedAgain++,
      onIssued: (waitedMs) => measurements.latencies.provision.record(waitedMs),
      onClaimOver: (outcome) => {
        this.#sessions.delete(session);
        over(this.#settle(device, outcome));
      },
    });
    this.#sessions.add(session);
    session.start();
  }

  /** The device has a session with its own credential. */
  connected(device: number, { begunMs, connackMs }: ConnectTimes): void {
    if (this.#progress[device] === arrived) return;
    this.#progress[device] = arrived;
    this.#settings.measurements.latencies.reconnect.record(connackMs - begunMs);
  }

  /** A connection with the device's own credential was not accepted. */
  refused(device: number, failure: Failure | null): void {
    if (this.#progress[device] === arrived || failure?.stage !== 'connack') return;
    if (credentialRefusals.has(failure.code)) this.#secrets[device] = undefined;
  }

  /** The first reading, due at `dueMs` and, by the wall clock, `dueAtMs`, was acknowledged. */
  acknowledged(device: number, dueMs: number, dueAtMs: number, nowMs: number): void {
    const { counters, latencies } = this.#settings.measurements;
    if (this.#firstReadingAtMs[device] !== 0) return;
    this.#firstReadingAtMs[device] = dueAtMs;
    this.#lastAckMs = nowMs;
    counters.firstAcked++;
    latencies.firstAck.record(nowMs - dueMs);
  }

  /** Wall times of the first claim and first reading; null until that is acknowledged. */
  milestones(device: number): { readonly claimAtMs: number; readonly readingAtMs: number } | null {
    const readingAtMs = this.#firstReadingAtMs[device]!;
    return readingAtMs === 0 ? null : { claimAtMs: this.#firstClaimAtMs[device]!, readingAtMs };
  }

  /** Ends what takes too long; called often. */
  turn(nowMs: number): void {
    if (nowMs - this.#sweptMs < sweepIntervalMs) return;
    this.#sweptMs = nowMs;
    for (const session of this.#sessions) session.sweep(nowMs);
  }

  /** Cuts the claim sessions there are. */
  stop(): void {
    for (const session of this.#sessions) session.cut();
  }

  /** True when the device has a credential now. */
  #settle(device: number, outcome: Issued | Failure): boolean {
    const { devices, dialect, measurements, onIssued } = this.#settings;
    if ('stage' in outcome) {
      measurements.recordFailure(outcome);
      return false;
    }
    const { enterprise, device: id } = devices[device]!;
    const own = dialect.credentials(enterprise, id, outcome.password);
    // Readings are accounted for under the city's ids: another identity would not be this device.
    if (outcome.clientId !== own.clientId || outcome.username !== own.username) {
      measurements.recordFailure({ stage: 'provision', code: 'another-identity' });
      return false;
    }
    if (this.#progress[device] === 0) measurements.counters.provisioned++;
    this.#progress[device] = issued;
    this.#secrets[device] = outcome.password;
    onIssued?.(devices[device]!, own);
    return true;
  }

  #claimOf(index: number) {
    const { enterprise, device: serial, profile } = this.#settings.devices[index]!;
    const secret = this.#settings.claimSecret(enterprise);
    return {
      index,
      credentials: claimCredentials(enterprise, serial, cityClaimId, secret),
      requestTopic: provisioningTopic({ enterprise, serial, channel: 'request' }),
      responseTopic: provisioningTopic({ enterprise, serial, channel: 'response' }),
      request: provisioningRequest(serial, profile),
    };
  }
}
