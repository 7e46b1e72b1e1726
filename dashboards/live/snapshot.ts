/**
 * What the page reads of the gateway's live snapshot, and nothing else. Null is "not known" and is
 * shown as that. A test proves that the gateway's own types satisfy this one.
 */

/** Where every reading went: received = the five others together. */
export interface ReadingCounts {
  readonly received: number;
  readonly stored: number;
  readonly deadLettered: number;
  readonly waiting: number;
  readonly withheld: number;
  readonly dropped: number;
  /** Of readings that were otherwise stored; beside the sum. */
  readonly refusedFields: number;
}

/** Milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  readonly count: number;
}

/** How far the members of a group have come; each count includes the next. */
export interface NestedCounts {
  readonly registered: number;
  readonly activated: number;
  readonly connected: number;
  readonly online: number;
}

/** The counts of one place. */
export interface PlaceCounts {
  /** Devices that are production equipment. */
  readonly production: NestedCounts;
  /** Devices that are not. */
  readonly other: NestedCounts;
  /** Enterprises with at least one device, of either sort, that counts. */
  readonly enterprises: NestedCounts;
}

export interface Onboarding {
  readonly city: PlaceCounts;
  readonly byDistrict: Readonly<Record<string, PlaceCounts>>;
}

export interface DeadLetter {
  readonly atMs: number;
  readonly enterprise: string;
  readonly device: string;
  readonly code: string;
  readonly detail: string;
}

export interface Snapshot {
  readonly simulated: boolean;
  readonly startedAtMs: number;
  readonly nowMs: number;
  readonly readings: ReadingCounts;
  /** Per second, over the last seconds. */
  readonly rates: { readonly received: number; readonly stored: number };
  readonly sessions: number;
  readonly refusals: Readonly<Record<string, number | undefined>>;
  readonly workers: readonly { readonly rssBytes: number; readonly blocked: boolean }[];
  readonly workerRestarts: number;
  readonly shipper: {
    readonly unavailable: {
      readonly sinceMs: number;
      readonly reason: string;
      /** When somebody has to mend something. */
      readonly code?: string;
    } | null;
    readonly writes: number;
    readonly retries: number;
    readonly linesPerWrite: number;
    readonly writeMs: Latency | null;
    /** From a reading's timestamp to the store's success answer, over the last minute. */
    readonly storedMs: Latency | null;
  };
  readonly journal: {
    readonly unshippedBytes: number;
    readonly bytesMax: number;
    readonly diskFreeBytes: number;
    readonly secondsUntilFull: number | null;
  };
  readonly store: string;
  readonly supervisor: { readonly rssBytes: number };
  readonly notReady: readonly string[];
  /** Null while the directory is being read. */
  readonly onboarding: Onboarding | null;
  /** Newest first. */
  readonly deadLetters: readonly DeadLetter[] | null;
}

/** A snapshot from the text of an event. @throws SyntaxError, TypeError when it is not one. */
export function parseSnapshot(text: string): Snapshot {
  const parsed = JSON.parse(text) as Partial<Snapshot> | null;
  if (typeof parsed?.nowMs !== 'number' || typeof parsed.readings?.received !== 'number') {
    throw new TypeError('the event is not a snapshot of a gateway');
  }
  return parsed as Snapshot;
}

/** Received minus everything a reading can have become; 0 when the counters add up. */
export function unaccounted(counts: ReadingCounts): number {
  const { received, stored, deadLettered, waiting, withheld, dropped } = counts;
  return received - stored - deadLettered - waiting - withheld - dropped;
}
