/** Answers machines that claim: many at once share one transaction, and one that asks again is told the same. */

import { type Clock, sleep } from '../../model/clock.ts';
import { native } from '../../model/dialects/native.ts';
import { OnrampError } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import { secretBytes } from '../../model/random.ts';
import type { Provisioned, ProvisionRequest } from '../registry/claims.ts';
import type { Registry } from '../registry/registry.ts';
import type { ProvisionAnswer, Question } from './questions.ts';
import { samplePayload } from './sample-payload.ts';

type ProvisionQuestion = Extract<Question, { kind: 'provision' }>;

export interface ProvisioningOptions {
  readonly registry: Pick<Registry, 'claims' | 'profile'>;
  readonly clock: Clock;
  /** Devices that the registry has now, or has with another credential. */
  readonly onProvisioned: (keys: readonly string[]) => void;
}

interface Waiting {
  readonly request: ProvisionRequest;
  readonly resolve: (provisioned: Provisioned) => void;
  readonly reject: (error: unknown) => void;
}

interface Remembered {
  readonly secret: string;
  readonly atMs: number;
}

const gatherMs = 5;
const rememberedMs = 600_000;

export class Provisioning {
  readonly #options: ProvisioningOptions;
  #waiting: Waiting[] = [];
  #running = false;
  /** By machine and claim, the oldest first. */
  readonly #remembered = new Map<string, Remembered>();
  /** Devices whose credential is remembered, with what it is remembered by. */
  readonly #unused = new Map<string, string>();
  readonly #samples = new Map<string, string>();

  constructor(options: ProvisioningOptions) {
    this.#options = options;
  }

  /**
   * A credential for the machine. The same machine asking again with the same claim, before it has
   * used its credential, is given the same one, so that an answer on its way stays good. Rejects with
   * `claim.*`, `device.*`, `registry.*`.
   */
  async answer(question: ProvisionQuestion): Promise<ProvisionAnswer> {
    const { claim, enterprise, profile, serial } = question;
    const nowMs = this.#options.clock.nowMs();
    const machine = `${enterprise}\n${serial}\n${claim}`;
    const secret = this.#secretOf(machine, nowMs);
    const request = { enterprise, claim, serial, profile, secret, nowMs };
    const provisioned = await new Promise<Provisioned>((resolve, reject) => {
      this.#waiting.push({ request, resolve, reject });
      if (!this.#running) void this.#run();
    }).catch((error) => {
      this.#remembered.delete(machine);
      throw error;
    });
    const { device } = provisioned;
    this.#unused.set(deviceKey(enterprise, device), machine);
    return {
      ...native.credentials(enterprise, device, provisioned.secret),
      topic: native.topic(enterprise, device, 'telemetry'),
      sample: await this.#sample(provisioned.profile),
    };
  }

  /** The device came with its credential: nobody is told it again. */
  used(key: string): void {
    const machine = this.#unused.get(key);
    if (machine === undefined) return;
    this.#unused.delete(key);
    this.#remembered.delete(machine);
  }

  #secretOf(machine: string, nowMs: number): string {
    const known = this.#remembered.get(machine);
    if (known !== undefined && nowMs - known.atMs < rememberedMs) return known.secret;
    const secret = secretBytes(32).toString('base64url');
    this.#remembered.delete(machine);
    this.#remembered.set(machine, { secret, atMs: nowMs });
    for (const bounded of [this.#remembered, this.#unused]) {
      if (bounded.size <= limits.provisionedRememberedMax) continue;
      const [oldest] = bounded.keys();
      if (oldest !== undefined) bounded.delete(oldest);
    }
    return secret;
  }

  async #run(): Promise<void> {
    this.#running = true;
    await sleep(this.#options.clock, gatherMs);
    while (this.#waiting.length > 0) {
      const part = this.#waiting.slice(0, limits.provisionBatchMax);
      this.#waiting = this.#waiting.slice(part.length);
      await this.#provision(part);
    }
    this.#running = false;
  }

  async #provision(part: readonly Waiting[]): Promise<void> {
    const { onProvisioned, registry } = this.#options;
    try {
      const answers = await registry.claims.provisionMany(part.map(({ request }) => request));
      onProvisioned(
        answers.flatMap((answer) =>
          answer instanceof OnrampError ? [] : [deviceKey(answer.enterprise, answer.device)],
        ),
      );
      part.forEach(({ reject, resolve }, i) => {
        const answer = answers[i]!;
        if (answer instanceof OnrampError) reject(answer);
        else resolve(answer);
      });
    } catch (error) {
      for (const { reject } of part) reject(error);
    }
  }

  async #sample(profileId: string): Promise<string> {
    const known = this.#samples.get(profileId);
    if (known !== undefined) return known;
    const profile = await this.#options.registry.profile(profileId);
    const sample = profile === null ? '' : samplePayload(profile);
    if (this.#samples.size >= limits.storeMeasurementsMax) this.#samples.clear();
    this.#samples.set(profileId, sample);
    return sample;
  }
}
