/**
 * Answers machines that claim: many at once share one transaction, and one that asks again is told
 * the same.
 */

import type { Clock } from '../../model/clock.ts';
import { native } from '../../model/dialects/native.ts';
import { OnrampError } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import { secretBytes } from '../../model/random.ts';
import type { Provisioned, ProvisionRequest } from '../registry/claims.ts';
import type { Registry } from '../registry/registry.ts';
import { Gathered } from './gathered.ts';
import type { ProvisionAnswer, Question } from './questions.ts';
import { samplePayload } from './sample-payload.ts';

type ProvisionQuestion = Extract<Question, { kind: 'provision' }>;

export interface ProvisioningOptions {
  readonly registry: Pick<Registry, 'claims' | 'profile'>;
  readonly clock: Clock;
  /**
   * Writes that devices used their credentials, as far as that is known: the registry gives nobody
   * a credential anew that was used. Rejects when that cannot be written.
   */
  readonly beforeProvisioning: () => Promise<void>;
  /** Devices that the registry has now, or has with another credential. */
  readonly onProvisioned: (devices: readonly ProvisionedDevice[]) => void;
}

/** What became of a device that claimed. */
export interface ProvisionedDevice {
  readonly key: string;
  /** It was provisioned before, by the same claim. */
  readonly again: boolean;
  /** It was told what it had been told before. */
  readonly same: boolean;
}

interface Asked extends ProvisionRequest {
  /** What its secret is remembered by. */
  readonly machine: string;
}

interface Remembered {
  readonly secret: string;
  readonly atMs: number;
}

const rememberedMs = 600_000;
const samplesMax = 1000;

export class Provisioning {
  readonly #options: ProvisioningOptions;
  readonly #gathered: Gathered<Asked, Provisioned>;
  /** By machine and claim, the oldest first. */
  readonly #remembered = new Map<string, Remembered>();
  /** Devices whose credential is remembered, with what it is remembered by. */
  readonly #unused = new Map<string, string>();
  readonly #samples = new Map<string, string>();

  constructor(options: ProvisioningOptions) {
    this.#options = options;
    const write = (requests: readonly Asked[]) => this.#provision(requests);
    this.#gathered = new Gathered({ clock: options.clock, write });
  }

  /**
   * A credential for the machine. The same machine asking again with the same claim, while it has
   * that credential and has not used it, is given the same one, so that an answer on its way stays
   * good. Rejects with `claim.*`, `device.*`, `registry.*`.
   */
  async answer(question: ProvisionQuestion): Promise<ProvisionAnswer> {
    const { claim, enterprise, profile, serial } = question;
    const nowMs = this.#options.clock.nowMs();
    const machine = `${enterprise}\n${serial}\n${claim}`;
    const toldBefore = this.#rememberedOf(machine, nowMs);
    const secret = secretBytes(32).toString('base64url');
    // Already now, so that asking twice at once is answered alike.
    if (toldBefore === undefined) this.#remember(machine, { secret, atMs: nowMs });
    const who = { enterprise, claim, serial, machine };
    const request = { ...who, profile, secret, toldBefore, nowMs };
    const provisioned = await this.#gathered.ask(request).catch((error) => {
      // A machine that was refused has no credential any more, or none that this claim may tell.
      if (error instanceof OnrampError && !error.retry) this.#remembered.delete(machine);
      throw error;
    });
    const { device } = provisioned;
    return {
      ...native.credentials(enterprise, device, provisioned.secret),
      topic: native.topic(enterprise, device, 'telemetry'),
      sample: await this.#sample(provisioned.profile),
    };
  }

  /** The device came with its credential: nobody is told it again. */
  used(key: string): void {
    this.forget([key]);
  }

  /** These devices have another credential now, or none. */
  forget(keys: readonly string[]): void {
    for (const key of keys) {
      const machine = this.#unused.get(key);
      if (machine === undefined) continue;
      this.#unused.delete(key);
      this.#remembered.delete(machine);
    }
  }

  /** The profile was changed: what a device of it may send is another message from now on. */
  profileChanged(profileId: string): void {
    this.#samples.delete(profileId);
  }

  #rememberedOf(machine: string, nowMs: number): string | undefined {
    const known = this.#remembered.get(machine);
    return known !== undefined && nowMs - known.atMs < rememberedMs ? known.secret : undefined;
  }

  #remember(machine: string, told: Remembered): void {
    this.#remembered.delete(machine);
    this.#remembered.set(machine, told);
    for (const bounded of [this.#remembered, this.#unused]) {
      if (bounded.size <= limits.provisionedRememberedMax) continue;
      const [oldest] = bounded.keys();
      if (oldest !== undefined) bounded.delete(oldest);
    }
  }

  async #provision(requests: readonly Asked[]): Promise<readonly (Provisioned | OnrampError)[]> {
    const { beforeProvisioning, onProvisioned, registry } = this.#options;
    await beforeProvisioning();
    const answers = await registry.claims.provisionMany(requests);
    onProvisioned(
      answers.flatMap((answer, i) => {
        if (answer instanceof OnrampError) return [];
        const { machine, nowMs, toldBefore } = requests[i]!;
        const { secret } = answer;
        if (this.#remembered.get(machine)?.secret !== secret) {
          this.#remember(machine, { secret, atMs: nowMs });
        }
        const key = deviceKey(answer.enterprise, answer.device);
        const before = this.#unused.get(key);
        // What another claim was told is void.
        if (before !== undefined && before !== machine) this.#remembered.delete(before);
        this.#unused.set(key, machine);
        return { key, again: !answer.first, same: secret === toldBefore };
      }),
    );
    return answers;
  }

  async #sample(profileId: string): Promise<string> {
    const known = this.#samples.get(profileId);
    if (known !== undefined) return known;
    const profile = await this.#options.registry.profile(profileId);
    const sample = profile === null ? '' : samplePayload(profile);
    if (this.#samples.size >= samplesMax) this.#samples.clear();
    this.#samples.set(profileId, sample);
    return sample;
  }
}
