/** Gathers checked readings and refusals into one commit. */

import { native } from '../../model/dialects/native.ts';
import type { ErrorCode } from '../../model/errors.ts';
import { errorCodeOf, messageOf } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import { genericProfileId } from '../../model/profile.ts';
import type { RawEvent, RawReading } from '../../model/reading.ts';
import type { Commit, Refusal, Touched, WorkerCounters } from '../journal/commit.ts';
import type { SourceMessage } from '../sources/source.ts';
import type { BatchEvents } from './batch-events.ts';
import { type CheckContext, type Checked, checkReading } from './check.ts';
import { checkEvent } from './check-event.ts';
import type { KnownDevice } from './known-device.ts';
import type { RefusalLimiter } from './refusal-limiter.ts';
import { toJson } from './shown.ts';
import type { ProfileRules } from './signal-check.ts';

/** Rules by profile id; undefined when the profile is not known. */
export type RulesOf = (profile: string) => ProfileRules | undefined;

/** Called once for every refusal, for the metrics. */
export type CountRefusal = (code: ErrorCode) => void;

/** One commit in the making. */
export class Batch {
  readonly #context: CheckContext;
  readonly #rulesOf: RulesOf;
  readonly #counters: WorkerCounters;
  readonly #countRefusal: CountRefusal;
  readonly #limiter: RefusalLimiter;
  readonly #events: BatchEvents | null;
  readonly #timestampsMs: number[] = [];
  readonly #lineCounts: number[] = [];
  readonly #refusals: Refusal[] = [];
  readonly #touched: Touched[] = [];
  #lines = '';
  #bytes = 0;

  constructor(
    context: CheckContext,
    rulesOf: RulesOf,
    counters: WorkerCounters,
    countRefusal: CountRefusal,
    limiter: RefusalLimiter,
    events: BatchEvents | null = null,
  ) {
    this.#limiter = limiter;
    this.#events = events;
    this.#context = context;
    this.#rulesOf = rulesOf;
    this.#counters = counters;
    this.#countRefusal = countRefusal;
  }

  get full(): boolean {
    const entries = this.#timestampsMs.length + this.#refusals.length;
    return entries >= limits.commitReadingsMax || this.#bytes >= limits.commitBytesMax;
  }

  /** Size of what is committed, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Decodes and checks one message. Never throws: what is wrong becomes a refusal. */
  add(message: SourceMessage): void {
    const { device } = message;
    if (typeof device === 'string') {
      this.#refuseMessage(message, device, message.deviceId);
      return;
    }
    try {
      if (message.channel === 'event') this.#addEvents(message, device);
      else this.#addReadings(message, device);
    } catch (error) {
      this.#refuseMessage(message, errorCodeOf(error) ?? 'payload.not-a-reading', detailOf(error));
    }
  }

  /** The commit, with the counters as they are now. */
  toCommit(): Commit {
    return {
      committedAtMs: this.#context.nowMs,
      timestampsMs: this.#timestampsMs,
      lineCounts: this.#lineCounts,
      lines: this.#lines,
      refusals: this.#refusals,
      touched: this.#touched,
      counters: { ...this.#counters },
    };
  }

  #addReadings(message: SourceMessage, device: KnownDevice): void {
    const { content } = message;
    const readings = Buffer.isBuffer(content) ? native.decodeReadings(content) : content;
    const { profile } = device.device;
    const rules = profile === genericProfileId ? null : this.#rulesOf(profile);
    if (rules === undefined) {
      this.#refuseMessage(message, 'reading.unknown-profile', profile);
      return;
    }
    for (const raw of readings) {
      this.#take(message, raw, checkReading(raw, device, rules, this.#context));
    }
  }

  #addEvents(message: SourceMessage, device: KnownDevice): void {
    if (!Buffer.isBuffer(message.content)) return;
    for (const raw of native.decodeEvents(message.content)) {
      // An alarm's time is when it happened, not when it was sent: it says nothing of our latency.
      this.#take(message, raw, checkEvent(raw, device, this.#context), 0);
    }
  }

  #take(
    message: SourceMessage,
    raw: RawReading | RawEvent,
    checked: Checked,
    sentMs?: number,
  ): void {
    this.#counters.received++;
    if (!checked.ok) {
      this.#counters.refused++;
      this.#countRefusal(checked.code);
      this.#refuse(message, checked.code, checked.detail, 'reading', toJson(raw));
      this.#events?.refusedFields(message, checked.refused);
      this.#events?.refused(message, checked.code, checked.detail);
      return;
    }
    this.#counters.accepted++;
    this.#events?.accepted(message);
    this.#touch(message.device as KnownDevice);
    this.#timestampsMs.push(sentMs ?? checked.timestampMs);
    this.#lineCounts.push(checked.lineCount);
    this.#lines += checked.lines;
    this.#bytes += checked.lines.length;
    const fields = checked.refusedFields;
    if (fields === null) return;
    this.#events?.refusedFields(message, fields.refused);
    this.#counters.refusedFields += fields.refused.length;
    for (const refused of fields.refused) this.#countRefusal(refused.code);
    const first = fields.refused[0]?.code ?? 'signal.unknown';
    const seq = 'seq' in raw ? raw.seq : undefined;
    const payload = toJson({ seq, ts: checked.timestampMs, values: fields.values });
    this.#refuse(message, first, fields.detail, 'field', payload);
  }

  /** Notes a reading, about to be added, that tells of its device. */
  #touch(device: KnownDevice): void {
    const key = device.touch(this.#context.nowMs);
    if (key === null) return;
    this.#touched.push({ reading: this.#timestampsMs.length, key });
    this.#bytes += key.length + 8;
  }

  #refuseMessage(message: SourceMessage, code: ErrorCode, detail: string): void {
    this.#counters.received++;
    this.#counters.refused++;
    this.#countRefusal(code);
    this.#events?.refused(message, code, detail);
    const { content } = message;
    this.#refuse(message, code, detail, 'reading', Buffer.isBuffer(content) ? content : '');
  }

  #refuse(
    message: SourceMessage,
    code: ErrorCode,
    detail: string,
    scope: Refusal['scope'],
    payload: Buffer | string,
  ): void {
    const refusal: Refusal = {
      atMs: this.#context.nowMs,
      enterprise: message.enterprise,
      device: message.deviceId,
      profile: typeof message.device === 'string' ? '' : message.device.device.profile,
      code,
      detail,
      scope,
      topic: message.topic,
      ...boundedPayload(payload),
    };
    this.#refusals.push(refusal);
    this.#limiter.spend(limitKey(message), 1, this.#context.nowMs);
    // In JSON and UTF-8 a character may take several bytes.
    this.#bytes += 2 * refusal.payload.length + 200;
  }
}

/** Whose refusals are counted together. */
export function limitKey(message: SourceMessage): string {
  return deviceKey(message.enterprise, message.deviceId);
}

function boundedPayload(payload: Buffer | string): Pick<Refusal, 'payload' | 'payloadEncoding'> {
  const max = limits.deadLetterPayloadBytesMax;
  if (typeof payload === 'string')
    return { payload: payload.slice(0, max), payloadEncoding: 'utf8' };
  const cut = payload.subarray(0, max);
  const text = cut.toString('utf8');
  // The replacement character means that the bytes are not UTF-8 (or were cut inside a character).
  if (!text.includes('\ufffd')) return { payload: text, payloadEncoding: 'utf8' };
  return { payload: cut.toString('base64'), payloadEncoding: 'base64' };
}

function detailOf(error: unknown): string {
  const details = (error as { details?: readonly string[] }).details;
  return details && details.length > 0 ? details.join('; ') : messageOf(error);
}
