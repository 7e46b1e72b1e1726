/** The directory's second noun: a machine that belongs to one enterprise. */

/** What the gateway must know of a device to accept and store its readings. */
export interface Device {
  readonly enterprise: string;
  readonly device: string;
  /** Profile id; `generic` for a machine that fits none. */
  readonly profile: string;
  readonly district: string;
  /** GB/T 4754 two-digit class. */
  readonly industry: string;
  /** The gateway of the same enterprise that may publish for it, if any. */
  readonly gateway?: string | undefined;
  readonly serial?: string | undefined;
}
