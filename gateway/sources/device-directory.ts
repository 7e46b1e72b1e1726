/** The worker's view of the registry: who may connect, and which device a topic speaks of. */

import type { Authenticate, ConnectAttempt, ConnectRefusal } from '../../broker/access.ts';
import type { Clock } from '../../model/clock.ts';
import { parseClaimUsername } from '../../model/dialects/native-provisioning.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { Ask } from '../onboarding/questions.ts';
import { KnownDevice } from '../pipeline/known-device.ts';
import type { RuleBook } from '../pipeline/rule-book.ts';
import { StampBook } from '../pipeline/stamp-book.ts';
import type { RegisteredDevice, RegistryReader } from '../registry/registry.ts';
import type { DeviceRefusal } from './source.ts';
import { claim } from './ways-in/claim.ts';
import { clientCertificate, presentsCertificate } from './ways-in/client-certificate.ts';
import { groupKey } from './ways-in/group-key.ts';
import { secret } from './ways-in/secret.ts';
import {
  type Admission,
  badCredentials,
  refusalOf,
  refused,
  stateRefusal,
  type Way,
} from './ways-in/way.ts';

const carriedTtlMs = 30_000;
const carriedMax = 20_000;
/** A CONNECT is looked at anew so often when what was read of its device is outdated. */
const looksMax = 3;

interface Carried {
  readonly known: KnownDevice;
  readonly untilMs: number;
}

/** Who was let in, and for a device what it is. */
export interface Arrival extends Omit<Admission, 'registered'> {
  readonly known: KnownDevice | null;
}

/**
 * Looks devices up in the registry. Devices with a session of their own are read at CONNECT and
 * kept as long as the session; those carried by a gateway's session are kept for half a minute, or
 * until they are shut out. Absence is never remembered: a device registered a moment ago may
 * connect.
 */
export class DeviceDirectory {
  readonly #registry: RegistryReader;
  readonly #rules: RuleBook;
  readonly #clock: Clock;
  readonly #ask: Ask;
  readonly #stamps: StampBook;
  /** Gateways' devices, oldest first. */
  readonly #carried = new Map<string, Carried>();
  /** Grows when anybody is shut out: what was read of such devices before may be outdated. */
  #shutOuts = 0;

  constructor(registry: RegistryReader, rules: RuleBook, clock: Clock, ask: Ask) {
    this.#registry = registry;
    this.#rules = rules;
    this.#clock = clock;
    this.#ask = ask;
    const { stampLeadMsMax: leadMsMax } = limits;
    this.#stamps = new StampBook({ floorMs: clock.nowMs() + leadMsMax, leadMsMax });
  }

  /**
   * Authenticates a CONNECT of the native dialect by whatever it presents. A credential that was
   * given for a claim is in use, durably, before anybody is let in with it.
   */
  async authenticate(attempt: ConnectAttempt): Promise<Arrival | ConnectRefusal> {
    for (let looks = 0; looks < looksMax; looks++) {
      const answer = await this.#byAnyWay(attempt);
      if (!answer.accepted) return answer;
      const { registered } = answer;
      if (registered?.state !== 'provisioned') return this.#arrival(answer);
      try {
        if (await this.#isFirstUse(registered)) return this.#arrival(answer);
      } catch (error) {
        return refusalOf(error);
      }
    }
    return refused('connect.busy', 3);
  }

  async #byAnyWay(attempt: ConnectAttempt): Promise<Admission | ConnectRefusal> {
    const context = { registry: this.#registry, ask: this.#ask, clock: this.#clock };
    for (const way of waysFor(attempt)) {
      const answer = await way(attempt, context);
      if (answer !== null) return answer;
    }
    return badCredentials;
  }

  /** False when the device has another credential or state by now than was read. */
  #isFirstUse({ enterprise, device, secretHash: hash }: RegisteredDevice): Promise<boolean> {
    return this.#ask({ kind: 'arrive', enterprise, device, secretHash: hash.toString('hex') });
  }

  async #arrival({ registered, ...admission }: Admission): Promise<Arrival> {
    if (registered === null || registered.kind === 'gateway') return { ...admission, known: null };
    await this.#rules.ensure(registered.profile);
    return { ...admission, known: new KnownDevice(registered, this.#stamps) };
  }

  /** Forgets what is known of a device that a gateway speaks for. */
  shutOut(key: string): void {
    this.#shutOuts++;
    this.#carried.delete(key);
  }

  /**
   * A device that `gateway` of `enterprise` may speak for, from memory; undefined when it must be
   * looked up.
   */
  carried(enterprise: string, device: string, gateway: string): KnownDevice | undefined {
    const key = deviceKey(enterprise, device);
    const found = this.#carried.get(key);
    if (found === undefined || found.untilMs < this.#clock.monotonicMs()) return undefined;
    return found.known.device.gateway === gateway ? found.known : undefined;
  }

  /** Looks up a device that `gateway` speaks for, or answers why it may not. */
  async lookUpCarried(
    enterprise: string,
    device: string,
    gateway: string,
  ): Promise<KnownDevice | DeviceRefusal> {
    for (;;) {
      const shutOutsBefore = this.#shutOuts;
      const found = await this.#readCarried(enterprise, device, gateway);
      if (this.#shutOuts !== shutOutsBefore) continue;
      if (typeof found !== 'string') this.#keep(deviceKey(enterprise, device), found);
      return found;
    }
  }

  async #readCarried(
    enterprise: string,
    device: string,
    gateway: string,
  ): Promise<KnownDevice | DeviceRefusal> {
    const registered = await this.#registry.device(enterprise, device);
    if (registered === null) return 'reading.unknown-device';
    if (registered.gateway !== gateway) return 'reading.not-carried';
    const barred = stateRefusal(registered.state);
    if (barred !== null) return barred;
    await this.#rules.ensure(registered.profile);
    return new KnownDevice(registered, this.#stamps);
  }

  #keep(key: string, known: KnownDevice): void {
    this.#carried.delete(key);
    this.#carried.set(key, { known, untilMs: this.#clock.monotonicMs() + carriedTtlMs });
    if (this.#carried.size <= carriedMax) return;
    const [oldest] = this.#carried.keys();
    if (oldest !== undefined) this.#carried.delete(oldest);
  }
}

/** The ways to try, by what a CONNECT presents. */
function waysFor(attempt: ConnectAttempt): readonly Way[] {
  if (presentsCertificate(attempt)) return [clientCertificate];
  if (parseClaimUsername(attempt.username ?? '') !== null) return [claim];
  return [secret, groupKey];
}

/** Accepts anybody, for the open mode. */
export const authenticateOpen: Authenticate = async (attempt) => ({
  accepted: true,
  principal: { kind: 'open', enterprise: '', subject: attempt.clientId },
});
