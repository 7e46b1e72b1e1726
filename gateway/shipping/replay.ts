/** Tries dead letters again: what the check refused is checked anew, what the store refused is written anew. */

import type { Clock } from '../../model/clock.ts';
import { native } from '../../model/dialects/native.ts';
import { messageOf, OnrampError } from '../../model/errors.ts';
import { genericProfileId } from '../../model/profile.ts';
import type { ReplayReport, ReplayRequest } from '../api/context.ts';
import { type Checked, checkReading } from '../pipeline/check.ts';
import { checkEvent } from '../pipeline/check-event.ts';
import { KnownDevice } from '../pipeline/known-device.ts';
import { compileRules } from '../pipeline/signal-check.ts';
import type { Registry } from '../registry/registry.ts';
import type { Store } from '../stores/store.ts';
import type { DeadLetters, ReplayableDeadLetter } from './dead-letters.ts';

export interface ReplayContext {
  readonly deadLetters: DeadLetters;
  readonly store: Store;
  readonly registry: Registry;
  readonly clock: Clock;
}

interface Retry {
  readonly letter: ReplayableDeadLetter;
  readonly lines: string;
}

/**
 * Replays up to `request.limit` letters, oldest first. A letter that cannot be stored stays a dead
 * letter with its new reason. @throws OnrampError `store.unavailable` when the store is away; the
 * letters not yet decided then wait again.
 */
export async function replay(
  request: ReplayRequest,
  context: ReplayContext,
): Promise<ReplayReport> {
  const { clock, deadLetters } = context;
  const { limit, ...filter } = request;
  const letters = await deadLetters.takeForReplay(filter, limit);
  const undecided = new Set(letters.map(({ id }) => id));
  const refuse = async (letter: ReplayableDeadLetter, reason: string): Promise<void> => {
    await deadLetters.markReplayed([letter.id], clock.nowMs(), 'refused', reason.slice(0, 500));
    undecided.delete(letter.id);
  };
  let refusedAgain = 0;
  let stored = 0;
  try {
    const retries: Retry[] = [];
    for (const letter of letters) {
      const lines = await linesOf(letter, context);
      if (typeof lines === 'string') retries.push({ letter, lines });
      else {
        refusedAgain++;
        await refuse(letter, lines.reason);
      }
    }
    for (const group of await writeTogetherOrAlone(retries, context.store)) {
      if (group.reason !== null) {
        refusedAgain += group.retries.length;
        for (const { letter } of group.retries) await refuse(letter, group.reason);
        continue;
      }
      const ids = group.retries.map(({ letter }) => letter.id);
      await deadLetters.markReplayed(ids, clock.nowMs(), 'stored');
      for (const id of ids) undecided.delete(id);
      stored += ids.length;
    }
  } finally {
    await deadLetters.markReplayed([...undecided], clock.nowMs(), 'waiting');
  }
  return { tried: letters.length, stored, refusedAgain };
}

/** Line protocol of a letter as it would be accepted now, or why it would not. */
async function linesOf(
  letter: ReplayableDeadLetter,
  context: ReplayContext,
): Promise<string | { reason: string }> {
  if (letter.stage === 'store') return letter.payload;
  const device = await context.registry.device(letter.enterprise, letter.device);
  if (device === null) return { reason: 'reading.unknown-device' };
  const profile = await context.registry.profile(device.profile);
  if (profile === null) return { reason: 'reading.unknown-profile' };
  const payload = Buffer.from(letter.payload, letter.payloadEncoding);
  const known = new KnownDevice(device);
  const rules = profile.id === genericProfileId ? null : compileRules(profile);
  const limits = { nowMs: letter.atMs, strict: false, ageMsMax: Infinity, aheadMsMax: Infinity };
  const stamped = <T extends { ts: unknown }>(raw: T): T => ({ ...raw, ts: raw.ts ?? letter.atMs });
  try {
    const event = native.parseTopic(letter.topic)?.channel === 'event';
    const checked: Checked[] = event
      ? native.decodeEvents(payload).map((raw) => checkEvent(stamped(raw), known, limits))
      : native
          .decodeReadings(payload)
          .map((raw) => checkReading(stamped(raw), known, rules, limits));
    return joined(checked);
  } catch (error) {
    return { reason: messageOf(error) };
  }
}

/** All lines, or the first reason: a letter is stored whole or stays. */
function joined(checked: readonly Checked[]): string | { reason: string } {
  let lines = '';
  for (const each of checked) {
    if (!each.ok) return { reason: `${each.code} ${each.detail}` };
    if (each.refusedFields !== null) {
      return {
        reason: each.refusedFields.refused
          .map(({ code, detail }) => `${code} ${detail}`)
          .join('; '),
      };
    }
    lines += each.lines;
  }
  return lines;
}

interface Written {
  readonly retries: readonly Retry[];
  /** Null when stored. */
  readonly reason: string | null;
}

/** One write for all; when the store refuses that, one for each. */
async function writeTogetherOrAlone(retries: readonly Retry[], store: Store): Promise<Written[]> {
  if (retries.length === 0) return [];
  const together = await write(retries, store);
  if (together === null || retries.length === 1) return [{ retries, reason: together }];
  const written: Written[] = [];
  for (const retry of retries) {
    written.push({ retries: [retry], reason: await write([retry], store) });
  }
  return written;
}

/** Null when all is stored, else the store's reason. */
async function write(retries: readonly Retry[], store: Store): Promise<string | null> {
  const text = retries.map(({ lines }) => lines).join('');
  const lineCount = text.split('\n').length - 1;
  const result = await store.write({ lines: Buffer.from(text), lineCount });
  switch (result.status) {
    case 'stored':
      return null;
    case 'unavailable':
      throw new OnrampError('store.unavailable', result.reason);
    case 'rejected':
      return result.lines[0]?.reason ?? 'rejected';
    default:
      return result.reason;
  }
}
