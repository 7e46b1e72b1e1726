/** Checks dead letters anew, as the registry is now. */

import { native } from '../../model/dialects/native.ts';
import { type ErrorCode, errorTable, messageOf } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import { eventMeasurement, genericProfileId } from '../../model/profile.ts';
import { type Checked, checkReading } from '../pipeline/check.ts';
import { checkEvent } from '../pipeline/check-event.ts';
import { KnownDevice } from '../pipeline/known-device.ts';
import { compileRules, type ProfileRules } from '../pipeline/signal-check.ts';
import type { Registry } from '../registry/registry.ts';
import type { Store } from '../stores/store.ts';
import type { ReplayableDeadLetter } from './dead-letters.ts';
import { FreeTimes } from './free-times.ts';

/** Lines for the store, or why there are none. */
export type Verdict =
  | { readonly lines: Buffer; readonly lineCount: number }
  | { readonly reason: string };

export interface RecheckContext {
  readonly registry: Pick<Registry, 'device' | 'profile'>;
  readonly store: Pick<Store, 'readings'>;
  /** Timestamps are not judged again. */
  readonly anyTime: boolean;
}

interface Subject {
  readonly known: KnownDevice;
  /** Null for the generic profile. */
  readonly rules: ProfileRules | null;
  readonly readingTimes: FreeTimes;
  readonly eventTimes: FreeTimes;
}

/** The readings or alarms of one letter. */
interface Decoded {
  /** The `ts` of each; null where there is none. */
  readonly sent: readonly unknown[];
  readonly times: FreeTimes;
  /** `stamps`: times for those that have none. */
  check(stamps?: readonly (number | null)[]): Checked[];
}

/**
 * Remembers devices and profiles, and the times it gave: one for a page of letters, which must come
 * in the order of their `atMs`.
 *
 * A letter is stored whole or not at all. Its timestamps are compared with the time of its arrival,
 * unless `anyTime`: who asks for letters refused for their timestamps wants them. Readings without
 * `ts` get a time from their arrival on at which the store has no row of this device in this
 * measurement; what is still in the journal cannot be seen.
 */
export class Recheck {
  readonly #context: RecheckContext;
  readonly #subjects = new Map<string, Subject | { readonly reason: string }>();

  constructor(context: RecheckContext) {
    this.#context = context;
  }

  /**
   * What is to be written of `letter`, or why it is still refused. Rejects with `store.unavailable`
   * when times must be found and the store does not answer, `database.*` when the registry fails.
   *
   * Whom a gateway may speak for is not decided anew, as the publisher is not recorded:
   * - `reading.not-carried` is never accepted. Its publisher had no right to speak for the device.
   * - `reading.unknown-device` is accepted once the device is registered, whatever gateway it names:
   *   it was nobody's when the letter was published, and the topic permission had bound the
   *   publisher to the enterprise of the topic, which is the letter's.
   */
  async verdict(letter: ReplayableDeadLetter): Promise<Verdict> {
    if (letter.stage === 'store') {
      const lines = Buffer.from(letter.payload);
      return { lines, lineCount: letter.payload.split('\n').length - 1 };
    }
    if (letter.code === 'reading.not-carried') {
      return because('reading.not-carried', 'such readings are never replayed');
    }
    const subject = await this.#subjectOf(letter.enterprise, letter.device);
    if ('reason' in subject) return subject;
    if (letter.scope === 'field' && subject.known.device.profile !== letter.profile) {
      return { reason: `the other fields of this reading are in the profile ${letter.profile}` };
    }
    if (Buffer.byteLength(letter.payload) >= limits.deadLetterPayloadBytesMax - 3) {
      return { reason: `the payload was cut at ${limits.deadLetterPayloadBytesMax} bytes` };
    }
    let decoded: Decoded;
    try {
      decoded = decode(letter, subject, this.#context.anyTime);
    } catch (error) {
      return { reason: messageOf(error) };
    }
    const verdict = joined(decoded.check());
    return 'reason' in verdict ? verdict : stamped(decoded, letter.atMs, verdict);
  }

  async #subjectOf(enterprise: string, device: string): Promise<Subject | { reason: string }> {
    const key = deviceKey(enterprise, device);
    const found = this.#subjects.get(key) ?? (await this.#lookUp(enterprise, device));
    this.#subjects.set(key, found);
    return found;
  }

  async #lookUp(enterprise: string, id: string): Promise<Subject | { reason: string }> {
    const { registry, store } = this.#context;
    const device = await registry.device(enterprise, id);
    if (device === null) return because('reading.unknown-device', id);
    if (device.kind === 'gateway') return because('reading.unknown-device', `${id} is a gateway`);
    const profile = await registry.profile(device.profile);
    if (profile === null) return because('reading.unknown-profile', device.profile);
    return {
      known: new KnownDevice(device),
      rules: profile.id === genericProfileId ? null : compileRules(profile),
      readingTimes: new FreeTimes(store, device, device.profile),
      eventTimes: new FreeTimes(store, device, eventMeasurement),
    };
  }
}

/** Throws `payload.*`. */
function decode(letter: ReplayableDeadLetter, subject: Subject, anyTime: boolean): Decoded {
  const { known, rules, eventTimes, readingTimes } = subject;
  const payload = Buffer.from(letter.payload, letter.payloadEncoding);
  const now = {
    nowMs: letter.atMs,
    strict: false,
    ageMsMax: anyTime ? Infinity : limits.readingAgeMsMax,
    aheadMsMax: anyTime ? Infinity : limits.readingAheadMsMax,
  };
  if (native.parseTopic(letter.topic)?.channel === 'event') {
    return decodedOf(native.decodeEvents(payload), eventTimes, (raw) =>
      checkEvent(raw, known, now),
    );
  }
  return decodedOf(native.decodeReadings(payload), readingTimes, (raw) =>
    checkReading(raw, known, rules, now),
  );
}

function decodedOf<Raw extends { readonly ts: unknown }>(
  raws: readonly Raw[],
  times: FreeTimes,
  check: (raw: Raw) => Checked,
): Decoded {
  return {
    sent: raws.map(({ ts }) => ts ?? null),
    times,
    check: (stamps = []) => raws.map((raw, i) => check({ ...raw, ts: raw.ts ?? stamps[i] })),
  };
}

/** `accepted`, when all of it has timestamps; else checked again with times that are free. */
async function stamped(decoded: Decoded, atMs: number, accepted: Verdict): Promise<Verdict> {
  const { sent, times } = decoded;
  for (const ts of sent) if (typeof ts === 'number') times.take(ts);
  if (!sent.includes(null)) return accepted;
  const stamps: (number | null)[] = [];
  for (const ts of sent) {
    const stamp = ts === null ? await times.next(atMs) : null;
    if (ts === null && stamp === null) {
      return because('reading.timestamp-needed', 'the hour after its arrival is full of rows');
    }
    stamps.push(stamp);
  }
  return joined(decoded.check(stamps));
}

/** All lines, or the first reason. */
function joined(checked: readonly Checked[]): Verdict {
  let lines = '';
  let lineCount = 0;
  for (const each of checked) {
    if (!each.ok) return because(each.code, each.detail);
    if (each.refusedFields !== null) {
      const { refused } = each.refusedFields;
      return { reason: refused.map(({ code, detail }) => because(code, detail).reason).join('; ') };
    }
    lines += each.lines;
    lineCount += each.lineCount;
  }
  return { lines: Buffer.from(lines), lineCount };
}

function because(code: ErrorCode, detail: string): { reason: string } {
  return { reason: `${code}: ${errorTable[code].en}${detail === '' ? '' : ` (${detail})`}` };
}
