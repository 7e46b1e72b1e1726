/**
 * From our lines to those VictoriaMetrics gets, and which lines it may never get.
 *
 * `cnc,device=d1,… power=1,state="run",seq=7 T` becomes
 * `onramp,profile=cnc,device=d1,… power=1,state=2,seq=7 T`, so `onramp_power{profile="cnc",…}`:
 * with the profile in the name, profile `a` with field `b_c` and profile `a_b` with field `c`
 * would be one series. Texts become numbers or are left out, for the server would store 0.
 * The server answers 204 to a line it cannot read and to a timestamp it does not keep, so every
 * line is checked here.
 */

import { encodeFieldValue, escapeTag, parseLine } from '../../../model/line-protocol.ts';
import type { SignalValue } from '../../../model/reading.ts';
import type { RejectedLine } from '../store.ts';
import type { FieldKinds } from './profile-book.ts';

/** First part of every series' name. */
export const measurement = 'onramp';

export interface TranslationOptions {
  /** Undefined for a profile that is not known yet: its texts are wanted. */
  kindsOf(profile: string): FieldKinds | undefined;
  /** Timestamps outside of these (inclusive) the server drops. */
  readonly oldestMs: number;
  readonly newestMs: number;
  /** Longer lines the server does not read. */
  readonly lineBytesMax: number;
}

export interface Translation {
  readonly body: Buffer;
  readonly rejected: readonly RejectedLine[];
  /** How often a field was left out, by `profile.field`. */
  readonly leftOut: ReadonlyMap<string, number>;
  /** Profiles in which a field or a value was looked for and not found. */
  readonly wanted: ReadonlySet<string>;
}

/** Lines as bytes: each character is one. What is not as simple as this goes through the parser. */
const name = String.raw`[^ ,=\\"\n\r]+`;
const number = String.raw`-?\d{1,21}(?:\.\d{1,20})?(?:e[+-]?\d{1,2})?`;
const field = String.raw`${name}=(?:${number}|true|false|"[^"\\\n]*")`;
const plainLine = new RegExp(
  String.raw`^([^ ,=\\"\n\r#][^ ,=\\"\n\r]*)((?:,${name}=${name})*) (${field}(?:,${field})*) (\d{1,16})$`,
);
const notOnlyNumbers = /=["tf]/;
/** A text, or true or false. It is found before anything that looks like one inside it. */
const noNumber = /(^|,)([^,=]+)=("[^"]*"|true|false)(?=,|$)/g;

/** Translates `lines`. Never throws. */
export function translateLines(lines: Buffer, options: TranslationOptions): Translation {
  const translator = new Translator(options);
  const text = lines.toString('latin1');
  for (let start = 0, index = 0; start < text.length; index++) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    if (end > start) translator.add(text.slice(start, end), index);
    start = end + 1;
  }
  return translator;
}

class Translator implements Translation {
  readonly rejected: RejectedLine[] = [];
  readonly leftOut = new Map<string, number>();
  readonly wanted = new Set<string>();
  readonly #options: TranslationOptions;
  #text = '';

  constructor(options: TranslationOptions) {
    this.#options = options;
  }

  get body(): Buffer {
    return Buffer.from(this.#text, 'latin1');
  }

  add(line: string, index: number): void {
    const plain = plainLine.exec(line);
    if (plain === null) {
      this.#addUnusual(line, index);
      return;
    }
    const [, profile = '', tags = '', fields = '', timestamp = ''] = plain;
    const reason = this.#problemOf(line, Number(timestamp));
    if (reason !== null) {
      this.rejected.push({ index, reason });
    } else if (notOnlyNumbers.test(fields)) {
      const translated = new Fields();
      const text = fields.replace(noNumber, (_, comma: string, key: string, token: string) => {
        const value = token.startsWith('"') ? token.slice(1, -1) : token === 'true';
        const kept = this.#keep(profile, key, value, translated);
        return kept === null ? '' : `${comma}${key}=${kept}`;
      });
      const joined = text.startsWith(',') ? text.slice(1) : text;
      this.#put(index, `profile=${profile}${tags}`, joined, timestamp, translated);
    } else {
      this.#text += `${measurement},profile=${profile}${tags} ${fields} ${timestamp}\n`;
    }
  }

  /** Escaped names, odd numbers, or no line at all. */
  #addUnusual(line: string, index: number): void {
    if (line.startsWith('#')) return;
    const parsed = parseLine(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (typeof parsed === 'string') {
      this.rejected.push({ index, reason: parsed });
      return;
    }
    const { fields, measurement: profile, tags, timestampMs } = parsed;
    const reason = fields.some(([key]) => key.includes('"'))
      ? 'VictoriaMetrics cannot read the name of a field that holds a quote'
      : this.#problemOf(line, timestampMs);
    if (reason !== null) {
      this.rejected.push({ index, reason });
      return;
    }
    const labels = [['profile', profile] as const, ...tags];
    const series = labels.map(([key, value]) => `${escapeTag(key)}=${escapeTag(value)}`).join(',');
    const translated = new Fields();
    const kept = fields.flatMap(([key, value]) => {
      const number =
        typeof value === 'number'
          ? encodeFieldValue(value)
          : this.#keep(profile, key, value, translated);
      return number === null ? [] : [`${escapeTag(key)}=${number}`];
    });
    this.#put(index, series, kept.join(','), String(timestampMs), translated);
  }

  /** Null, or why the server would drop the line without a word. */
  #problemOf(line: string, timestampMs: number): string | null {
    const { lineBytesMax, newestMs, oldestMs } = this.#options;
    if (timestampMs < oldestMs) {
      return 'the timestamp is older than VictoriaMetrics keeps rows (-retentionPeriod)';
    }
    if (timestampMs > newestMs) return 'the timestamp is further ahead than VictoriaMetrics takes';
    if (line.length > lineBytesMax) return 'the line is longer than VictoriaMetrics takes';
    return null;
  }

  #put(
    index: number,
    series: string,
    fields: string,
    timestamp: string,
    { leftOut, reason }: Fields,
  ): void {
    if (reason !== null) {
      this.rejected.push({ index, reason });
      return;
    }
    for (const key of leftOut) this.leftOut.set(key, (this.leftOut.get(key) ?? 0) + 1);
    if (fields !== '') this.#text += `${measurement},${series} ${fields} ${timestamp}\n`;
  }

  /** The number that is written, null for what is left out or refused; `fields` takes note. */
  #keep(profile: string, key: string, value: SignalValue, fields: Fields): number | null {
    const kinds = this.#options.kindsOf(profile);
    const kind = kinds?.get(key);
    if (kinds === undefined) this.wanted.add(profile);
    if (typeof value !== 'string') {
      if (kind === undefined || kind === 'bool') return Number(value);
      fields.reason = `field ${key} is a boolean, but the profile says otherwise`;
      return null;
    }
    if (kind === 'number' || kind === 'bool') {
      fields.reason = `field ${key} is a text, but the profile says ${kind}`;
      return null;
    }
    if (typeof kind === 'object') {
      const place = kind.places.get(value);
      if (place !== undefined) return place;
      this.wanted.add(profile);
    }
    fields.leftOut.push(`${profile}.${key}`);
    return null;
  }
}

/** What was found in the fields of one line. */
class Fields {
  readonly leftOut: string[] = [];
  reason: string | null = null;
}
