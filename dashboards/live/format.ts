/** How quantities are written: always with their unit, in the customs of both languages. */

import type { Language } from './i18n.ts';

const locale = { zh: 'zh-CN', en: 'en-GB' } as const;
const timeZone = 'Asia/Shanghai';

/** A count, exact and grouped. */
export function count(value: number, language: Language): string {
  return value.toLocaleString(locale[language], { maximumFractionDigits: 0 });
}

/** A count for an axis: 万 and 亿, or K and M, with at most two decimals. */
export function shortCount(value: number, language: Language): string {
  const steps: readonly (readonly [number, string])[] =
    language === 'zh'
      ? [
          [1e8, '亿'],
          [1e4, '万'],
        ]
      : [
          [1e9, 'G'],
          [1e6, 'M'],
          [1e3, 'K'],
        ];
  const step = steps.find(([size]) => Math.abs(value) >= size);
  if (step === undefined) return String(Math.round(value * 100) / 100);
  return `${Math.round((value / step[0]) * 100) / 100}${step[1]}`;
}

/** A latency to about three digits, split where the unit begins. */
export function latency(milliseconds: number): readonly [value: string, unit: string] {
  if (milliseconds < 1) return [milliseconds.toFixed(2), 'ms'];
  if (milliseconds < 10) return [milliseconds.toFixed(1), 'ms'];
  if (milliseconds < 999.5) return [milliseconds.toFixed(0), 'ms'];
  if (milliseconds < 10_000) return [(milliseconds / 1000).toFixed(2), 's'];
  if (milliseconds < 100_000) return [(milliseconds / 1000).toFixed(1), 's'];
  return [(milliseconds / 60_000).toFixed(1), 'min'];
}

const durationUnits: readonly (readonly [seconds: number, zh: string, en: string])[] = [
  [86_400, '天', 'd'],
  [3600, '小时', 'h'],
  [60, '分', 'min'],
  [1, '秒', 's'],
];

/** A long duration in its two largest units. */
export function duration(seconds: number, language: Language): string {
  let rest = Math.max(0, Math.round(seconds));
  const largest = durationUnits.findIndex(([size]) => rest >= size);
  const at = largest === -1 ? durationUnits.length - 1 : largest;
  const parts: string[] = [];
  for (const [size, zh, en] of durationUnits.slice(at, at + 2)) {
    const whole = Math.floor(rest / size);
    rest -= whole * size;
    if (whole > 0 || parts.length === 0) parts.push(`${whole} ${language === 'zh' ? zh : en}`);
  }
  return parts.join(' ');
}

const byteUnits = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Bytes in binary units, three digits. */
export function bytes(value: number): string {
  let scaled = value;
  let unit = 0;
  while (scaled >= 999.5 && unit < byteUnits.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return `${scaled.toFixed(digits)} ${byteUnits[unit]}`;
}

/** A share of the whole in per cent; neither rounded down to nothing nor up to everything. */
export function percent(part: number, whole: number): string {
  const share = whole === 0 ? 0 : (part / whole) * 100;
  if (share > 0 && share < 0.05) return '< 0.1 %';
  if (share > 99.9 && share < 100) return '> 99.9 %';
  const digits = (share > 0 && share < 9.95) || (share > 99 && share < 100) ? 1 : 0;
  return `${share.toFixed(digits)} %`;
}

const timeFormats = new Map<string, Intl.DateTimeFormat>();

function timeFormat(language: Language, options: Intl.DateTimeFormatOptions) {
  const key = `${language}${JSON.stringify(options)}`;
  let format = timeFormats.get(key);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(locale[language], { ...options, timeZone });
    timeFormats.set(key, format);
  }
  return format;
}

/** `10:49:23` in Changzhou. */
export function timeOfDay(atMs: number, language: Language): string {
  const options = { hour: '2-digit', minute: '2-digit', second: '2-digit', hour12: false } as const;
  return timeFormat(language, options).format(atMs);
}

/** `2018年11月30日` or `30 Nov 2018` in Changzhou. */
export function date(atMs: number, language: Language): string {
  const month = language === 'zh' ? 'long' : 'short';
  return timeFormat(language, { year: 'numeric', month, day: 'numeric' }).format(atMs);
}
