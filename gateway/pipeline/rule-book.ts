/** The rules of every profile a worker has met, kept up to date while it runs. */

import type { DeviceProfile } from '../../model/profile.ts';
import { builtInProfiles } from '../../model/profiles/index.ts';
import { compileRules, type ProfileRules } from './signal-check.ts';

/** Where profiles that were added at run time come from. */
export interface ProfileSource {
  profile(id: string): Promise<DeviceProfile | null>;
  /** Changes when a profile may have changed. */
  version(): Promise<number>;
}

/** Rules by profile id. Reading is synchronous; profiles are brought in when a device connects. */
export class RuleBook {
  readonly #source: ProfileSource;
  readonly #rules = new Map<string, ProfileRules>();
  readonly #added = new Set<string>();
  #version = Number.NaN;

  constructor(source: ProfileSource) {
    this.#source = source;
    for (const profile of builtInProfiles.values()) {
      this.#rules.set(profile.id, compileRules(profile));
    }
  }

  /** Undefined when the profile is not known (yet). */
  of(profile: string): ProfileRules | undefined {
    return this.#rules.get(profile);
  }

  /** Brings a profile in if it exists; absence is not remembered. */
  async ensure(profile: string): Promise<void> {
    if (!this.#rules.has(profile)) await this.#load(profile);
  }

  /** Takes over changes of profiles that are in use. Cheap when nothing has changed. */
  async refresh(): Promise<void> {
    const version = await this.#source.version();
    if (version === this.#version) return;
    for (const profile of this.#added) await this.#load(profile);
    // Only now: a change that could not be read is to be seen again.
    this.#version = version;
  }

  async #load(id: string): Promise<void> {
    const profile = await this.#source.profile(id);
    if (profile === null) return;
    this.#added.add(id);
    this.#rules.set(id, compileRules(profile));
  }
}
