/** The worker's view of the registry: who may connect, and which device a topic speaks of. */

import { createHash, timingSafeEqual } from 'node:crypto';
import type {
  Authenticate,
  ConnectAttempt,
  ConnectDecision,
  Principal,
} from '../../broker/access.ts';
import type { Clock } from '../../model/clock.ts';
import { parseUsername } from '../../model/dialects/native.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import { KnownDevice } from '../pipeline/known-device.ts';
import type { RuleBook } from '../pipeline/rule-book.ts';
import { StampBook } from '../pipeline/stamp-book.ts';
import type { RegistryReader } from '../registry/registry.ts';
import type { DeviceRefusal } from './source.ts';

const carriedTtlMs = 30_000;
const carriedMax = 20_000;

interface Carried {
  readonly known: KnownDevice;
  readonly untilMs: number;
}

/**
 * Looks devices up in the registry. Devices with a session of their own are read at CONNECT and
 * kept as long as the session; those carried by a gateway's session are kept for half a minute.
 * Absence is never remembered: a device registered a moment ago may connect.
 */
export class DeviceDirectory {
  readonly #registry: RegistryReader;
  readonly #rules: RuleBook;
  readonly #clock: Clock;
  readonly #stamps: StampBook;
  /** Gateways' devices, oldest first. */
  readonly #carried = new Map<string, Carried>();

  constructor(registry: RegistryReader, rules: RuleBook, clock: Clock) {
    this.#registry = registry;
    this.#rules = rules;
    this.#clock = clock;
    const { stampLeadMsMax: leadMsMax } = limits;
    this.#stamps = new StampBook({ floorMs: clock.nowMs() + leadMsMax, leadMsMax });
  }

  /** Authenticates a CONNECT of the native dialect and, for a device, returns what it is. */
  async authenticate(
    attempt: ConnectAttempt,
  ): Promise<{ decision: ConnectDecision; known: KnownDevice | null }> {
    const refused = (code: 'connect.bad-credentials' | 'connect.client-id-mismatch') => ({
      decision: {
        accepted: false as const,
        code,
        // MQTT 3.1.1 §3.2.2.3: 2 identifier rejected, 4 bad user name or password.
        returnCode: code === 'connect.client-id-mismatch' ? (2 as const) : (4 as const),
      },
      known: null,
    });
    const name = attempt.username === undefined ? null : parseUsername(attempt.username);
    if (name === null || attempt.password === undefined) return refused('connect.bad-credentials');
    const registered = await this.#registry.device(name.enterprise, name.subject);
    const hash = createHash('sha256').update(attempt.password).digest();
    if (registered === null || !timingSafeEqual(registered.secretHash, hash)) {
      return refused('connect.bad-credentials');
    }
    if (attempt.clientId !== deviceKey(name.enterprise, name.subject)) {
      return refused('connect.client-id-mismatch');
    }
    const principal: Principal = {
      kind: registered.kind,
      enterprise: name.enterprise,
      subject: name.subject,
    };
    if (registered.kind === 'gateway')
      return { decision: { accepted: true, principal }, known: null };
    await this.#rules.ensure(registered.profile);
    const known = new KnownDevice(registered, this.#stamps);
    return { decision: { accepted: true, principal }, known };
  }

  /** A device that `gateway` of `enterprise` may speak for, from memory; undefined when it must be looked up. */
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
    const registered = await this.#registry.device(enterprise, device);
    if (registered === null) return 'reading.unknown-device';
    if (registered.gateway !== gateway) return 'reading.not-carried';
    await this.#rules.ensure(registered.profile);
    const key = deviceKey(enterprise, device);
    const known = new KnownDevice(registered, this.#stamps);
    this.#carried.delete(key);
    this.#carried.set(key, { known, untilMs: this.#clock.monotonicMs() + carriedTtlMs });
    if (this.#carried.size > carriedMax) {
      const [oldest] = this.#carried.keys();
      if (oldest !== undefined) this.#carried.delete(oldest);
    }
    return known;
  }
}

/** Accepts anybody, for the open mode. */
export const authenticateOpen: Authenticate = async (attempt) => ({
  accepted: true,
  principal: { kind: 'open', enterprise: '', subject: attempt.clientId },
});
