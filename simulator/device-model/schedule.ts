/** Working hours of the city: who is on shift when, and how hard the shops work. */

import type { Schedule } from '../../model/profile.ts';

/** The city keeps Asia/Shanghai time, which has no summer time. */
const utcOffsetMs = 8 * 3_600_000;
const dayMs = 86_400_000;

/** Local time taken apart. */
export interface LocalTime {
  /** Whole local days since 1970-01-01. */
  readonly day: number;
  /** Hour of the day with its fraction, 0 to 24. */
  readonly hour: number;
  /** 0 is Sunday. */
  readonly weekday: number;
}

export function localTime(nowMs: number): LocalTime {
  const localMs = nowMs + utcOffsetMs;
  const day = Math.floor(localMs / dayMs);
  // 1970-01-01 was a Thursday.
  return { day, hour: (localMs - day * dayMs) / 3_600_000, weekday: (day + 4) % 7 };
}

/** The local day `nowMs` is in, for what is counted daily. */
export function localDay(nowMs: number): number {
  return Math.floor((nowMs + utcOffsetMs) / dayMs);
}

/** The schedules by the index used in a row. */
export const schedules: readonly Schedule[] = ['one', 'two', 'three', 'office', '24x7'];

interface Hours {
  readonly start: number;
  readonly end: number;
  /** Working days of a week, from Monday. */
  readonly days: number;
}

const hours: Readonly<Record<Schedule, Hours | null>> = {
  one: { start: 8, end: 17, days: 6 },
  two: { start: 7.5, end: 23.5, days: 6 },
  office: { start: 8, end: 17.5, days: 5 },
  three: null,
  '24x7': null,
};

/** True while `schedule` is on shift. */
export function onShift(schedule: Schedule, { hour, weekday }: LocalTime): boolean {
  const shift = hours[schedule];
  if (!shift) return true;
  const daysSinceMonday = (weekday + 6) % 7;
  return daysSinceMonday < shift.days && hour >= shift.start && hour < shift.end;
}

/**
 * How hard a shop on `schedule` works, 0 to 1: it winds up and down within half an hour, pauses
 * for lunch (and for dinner where there is an evening shift), and is a little lower at night.
 */
export function shiftIntensity(schedule: Schedule, time: LocalTime): number {
  if (!onShift(schedule, time)) return 0;
  const { hour } = time;
  const shift = hours[schedule];
  const lunch = 1 - 0.55 * bump(hour, 12, 0.75);
  const dinner = schedule === 'one' || schedule === 'office' ? 1 : 1 - 0.3 * bump(hour, 17.75, 0.6);
  const night = shift
    ? 1
    : 0.82 + 0.18 * smoothStep(Math.min((hour - 7) / 1.5, (22.5 - hour) / 1.5));
  const sunday = !shift && time.weekday === 0 ? 0.9 : 1;
  const edges = shift
    ? smoothStep((hour - shift.start) / 0.5) * smoothStep((shift.end - hour) / 0.5)
    : 1;
  return lunch * dinner * night * sunday * edges;
}

/** Arrivals at chargers by hour, about 1 on average; the valley tariff begins at 22 h. */
const evArrivals = [
  1.1, 0.45, 0.25, 0.18, 0.18, 0.25, 0.5, 0.9, 1.1, 1.05, 1.05, 1.2, 1.45, 1.25, 1.0, 1.0, 1.1, 1.2,
  1.4, 1.3, 1.1, 1.2, 2.1, 2.0,
];

/** Multiplier of arrivals at chargers, interpolated between the hours. */
export function evArrival(hour: number): number {
  const from = Math.floor(hour) % 24;
  const a = evArrivals[from]!;
  const b = evArrivals[(from + 1) % 24]!;
  return a + (b - a) * (hour - Math.floor(hour));
}

/** 0 below 0, 1 above 1, smooth between. */
export function smoothStep(x: number): number {
  const clamped = Math.min(1, Math.max(0, x));
  return clamped * clamped * (3 - 2 * clamped);
}

/** A raised cosine: 1 at `centre`, 0 from `halfWidth` on. */
function bump(x: number, centre: number, halfWidth: number): number {
  const distance = Math.abs(x - centre) / halfWidth;
  return distance >= 1 ? 0 : 0.5 + 0.5 * Math.cos(Math.PI * distance);
}
