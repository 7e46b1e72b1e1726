/** How quantities are written, the same in both languages: grouped, with their unit, or a dash. */

import { format } from 'd3-format';
import { type Html, html } from './html.ts';
import { text } from './text.ts';

/** What may not be known: reports are read from files, too. */
export type Quantity = number | null | undefined;

const grouped = format(',');
const oneDecimal = format(',.1~f');
const threeDigits = format(',.3~r');

/** True for a number, infinite ones as well. */
export function isKnown(value: Quantity): value is number {
  return typeof value === 'number' && !Number.isNaN(value);
}

/** A dash that says in words that something is not known. */
export function notKnown(): Html {
  return html`<span class="unknown">– <small>${text('unknown')}</small></span>`;
}

const plain = (value: number): string => grouped(Math.round(value * 1000) / 1000);

/** `value` as text: exact and grouped. */
export const countText = (value: number): string => (Number.isFinite(value) ? plain(value) : '∞');

/** Milliseconds to three digits, as ms, s or min. */
export function latencyText(ms: number): string {
  if (ms === Number.POSITIVE_INFINITY) return '∞';
  if (Math.abs(ms) < 1) return `${Math.round(ms * 1000) / 1000} ms`;
  if (Math.abs(ms) < 999.5) return `${threeDigits(ms)} ms`;
  return secondsText(ms / 1000);
}

/** Seconds to three digits, as s, min or h. */
export function secondsText(seconds: number): string {
  if (!Number.isFinite(seconds)) return '∞';
  if (Math.abs(seconds) < 120) return `${threeDigits(seconds)} s`;
  if (Math.abs(seconds) < 7200) return `${threeDigits(seconds / 60)} min`;
  return `${threeDigits(seconds / 3600)} h`;
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'] as const;

/** Bytes in binary units, three digits. */
export function bytesText(value: number): string {
  if (!Number.isFinite(value)) return '∞';
  const power = Math.floor(Math.log2(Math.max(Math.abs(value), 1)) / 10);
  const unit = Math.min(power, byteUnits.length - 1);
  return `${threeDigits(value / 1024 ** unit)} ${byteUnits[unit]}`;
}

const perSecondText = (value: number): string =>
  value < 10 ? threeDigits(value) : oneDecimal(value);
const shareText = (value: number): string => `${oneDecimal(value * 100)} %`;

/** The exact value stands beside what is shown of it, for machines and for whoever hovers. */
function shown(value: Quantity, write: (value: number) => string): Html {
  if (!isKnown(value)) return notKnown();
  const exact = Number.isFinite(value) ? String(value) : '∞';
  return html`<data value="${exact}" title="${exact}">${write(value)}</data>`;
}

export const count = (value: Quantity): Html => shown(value, countText);
export const latency = (ms: Quantity): Html => shown(ms, latencyText);
export const seconds = (value: Quantity): Html => shown(value, secondsText);
/** Of a processor: in seconds, however long. */
export const cpuTime = (value: Quantity): Html => shown(value, (each) => `${oneDecimal(each)} s`);
export const bytes = (value: Quantity): Html => shown(value, bytesText);
export const share = (value: Quantity): Html => shown(value, shareText);
export const microseconds = (value: Quantity): Html =>
  shown(value, (us) => `${threeDigits(us)} µs`);
export const cores = (value: Quantity): Html => shown(value, (each) => threeDigits(each));
/** Readings a second. */
export const rate = (value: Quantity): Html =>
  html`${shown(value, perSecondText)}${isKnown(value) ? html` <small>${text('unit.rate')}</small>` : null}`;

/** A number of the report in the unit its path ends in, such as `telemetry.ackMs.p99`. */
export function quantityAt(path: string, value: Quantity): Html {
  if (/\.count$/.test(path)) return count(value);
  if (/Ms(\.|$|P\d+$)|latencyMs|stagesMs/.test(path)) return latency(value);
  if (/bytes(Max|Mean)?$/i.test(path)) return bytes(value);
  if (/perSecond$/i.test(path)) return rate(value);
  if (/^cpuUsPerMessage\./.test(path)) return microseconds(value);
  if (/cpuS$/.test(path)) return cpuTime(value);
  if (/(\.seconds|[a-z]S)$/.test(path)) return seconds(value);
  if (/memoryGrowth$/.test(path)) return share(value);
  return count(value);
}
