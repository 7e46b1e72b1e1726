/** Which of a profile's fields are no numbers, so that they can be kept as numbers and read back. */

import type { Clock } from '../../../model/clock.ts';
import { limits } from '../../../model/limits.ts';
import type { DeviceProfile } from '../../../model/profile.ts';

/** How a field is kept: an enumeration as its value's place in the profile's list. */
export type FieldKind = 'number' | 'bool' | 'text' | Enumeration;

export interface Enumeration {
  readonly values: readonly string[];
  /** By the value's UTF-8 bytes, each as one character. */
  readonly places: ReadonlyMap<string, number>;
}

export type FieldKinds = ReadonlyMap<string, FieldKind>;

export type ProfileLookUp = (id: string) => Promise<DeviceProfile | null>;

interface Page {
  readonly kinds: FieldKinds;
  readonly readAtMs: number;
}

/** A profile in which something is missing is read again, so often at most. */
const refreshMs = 10_000;

/** Remembers profiles; one that is not known has no fields. */
export class ProfileBook {
  readonly #lookUp: ProfileLookUp;
  readonly #clock: Clock;
  readonly #pages = new Map<string, Page>();

  constructor(lookUp: ProfileLookUp, clock: Clock) {
    this.#lookUp = lookUp;
    this.#clock = clock;
  }

  /** What is remembered; undefined when the profile was never read. */
  kindsOf(profile: string): FieldKinds | undefined {
    return this.#pages.get(profile)?.kinds;
  }

  /**
   * Reads those of `profiles` that are not remembered, or not from just now. True when any was
   * read. @throws what the look-up throws
   */
  async refresh(profiles: Iterable<string>): Promise<boolean> {
    let read = false;
    for (const id of profiles) {
      const readAtMs = this.#clock.monotonicMs();
      const page = this.#pages.get(id);
      if (page !== undefined && readAtMs - page.readAtMs < refreshMs) continue;
      const profile = await this.#lookUp(id);
      if (this.#pages.size >= limits.storeMeasurementsMax) this.#pages.clear();
      this.#pages.set(id, { kinds: kindsOf(profile), readAtMs });
      read = true;
    }
    return read;
  }
}

function kindsOf(profile: DeviceProfile | null): FieldKinds {
  const signals = profile?.signals ?? [];
  return new Map(
    signals.map(({ id, type, values = [] }): [string, FieldKind] => {
      if (type === 'bool') return [id, 'bool'];
      if (type === 'string') return [id, 'text'];
      if (type !== 'enum') return [id, 'number'];
      const places = values.map((value, at) => [bytesOf(value), at] as const);
      return [id, { values, places: new Map(places) }];
    }),
  );
}

const bytesOf = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');
