/** Every parameter of a scenario, declared once: type, default, unit and description. */

import { z } from 'zod';
import { durationText, parseDurationMs } from '../../model/duration.ts';
import { limits } from '../../model/limits.ts';
import { slotMs } from '../../simulator/schedule.ts';

/** What the help shows of a parameter: the placeholder of its value, none for a switch. */
export type ParameterHelp = {
  readonly value?: string;
  readonly description: string;
  /** The checked value is milliseconds. */
  readonly duration?: true;
};

const scalar = (error: string) => z.union([z.number(), z.string()], { error });

/** A whole number, also as text, or `word`. */
function wholeOr<Word extends string>(word: Word | null, least: number, most: number) {
  const other = word === null ? '' : `, or "${word}"`;
  const error = `must be a whole number from ${least} to ${most}${other}`;
  return scalar(error).transform((value, context) => {
    if (word !== null && value === word) return word;
    const number = typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : value;
    if (Number.isSafeInteger(number) && +number >= least && +number <= most) return +number;
    context.addIssue(error);
    return z.NEVER;
  });
}

const whole = (least: number, most: number) =>
  wholeOr(null, least, most).transform((value) => value as number);

/** Milliseconds as a number, or text such as `10s`, or `word`. */
function durationOr<Word extends string>(word: Word | null, least: number, step = 1) {
  const grid = step === 1 ? '' : `, a multiple of ${step}ms`;
  const other = word === null ? '' : `, or "${word}"`;
  const error = `must be a duration such as 500ms, 10s, 2m, ${least}ms or longer${grid}${other}`;
  return scalar(error).transform((value, context) => {
    if (word !== null && value === word) return word;
    const ms = typeof value === 'string' ? parseDurationMs(value) : value;
    if (ms !== null && Number.isSafeInteger(ms) && ms >= least && ms % step === 0) return ms;
    context.addIssue(error);
    return z.NEVER;
  });
}

const duration = (least: number) => durationOr(null, least).transform((value) => value as number);

/** `true` and `false`, also as text. */
const truth = z
  .union([z.boolean(), z.enum(['true', 'false'])], { error: 'must be true or false' })
  .transform((value) => value === true || value === 'true');

const qosError = 'must be 0 or 1';
const qos = z
  .union([z.literal(0), z.literal(1), z.literal('0'), z.literal('1')], { error: qosError })
  .transform((value) => Number(value) as 0 | 1);

const help = (value: string, description: string): ParameterHelp => ({ value, description });
const span = (description: string): ParameterHelp => ({
  value: 'DURATION',
  description,
  duration: true,
});

const fields = z.strictObject({
  devices: whole(1, limits.cityDevicesMax)
    .prefault(200)
    .meta(help('N', 'production devices of the city, each with a session and a secret')),
  enterprises: whole(1, limits.cityEnterprisesMax)
    .prefault(20)
    .meta(help('N', 'enterprises that own them')),
  seed: whole(0, 0xffff_ffff)
    .prefault(1)
    .meta(help('N', 'the same seed gives the same city and behaviour')),
  interval: durationOr('nominal', slotMs, slotMs)
    .prefault('10s')
    .meta(span('between two readings of a device, or "nominal": what its profile says')),
  warmUp: duration(0)
    .prefault('0s')
    .meta(span('readings flow so long before what is measured: first look-ups, new series')),
  duration: duration(1).prefault('10s').meta(span('measured time')),
  report: z
    .enum(['key', 'full'], { error: 'must be key or full' })
    .prefault('key')
    .meta(help('key|full', "a profile's key signals, or all")),
  qos: qos.prefault(1).meta(help('0|1', '1: readings are acknowledged, and sent again if not')),
  tls: truth.prefault(false).meta({ description: 'devices connect over TLS' }),
  workers: wholeOr('auto', 1, 64)
    .prefault('auto')
    .meta(help('N|auto', 'worker processes of the gateway')),
  processes: wholeOr('auto', 1, 64)
    .prefault('auto')
    .meta(help('N|auto', 'processes that play the fleet')),
  addresses: whole(1, limits.loopbackAddressesMax)
    .prefault(16)
    .meta(help('N', 'loopback addresses the gateway listens on, for more sessions than ports')),
  connectRate: wholeOr('fastest', 1, 1_000_000)
    .prefault('fastest')
    .meta(help('N|fastest', 'connections begun per second')),
  connectsInFlight: whole(1, 10_000)
    .prefault(200)
    .meta(help('N', 'connections begun and not yet accepted, of one process, at most')),
  connectTimeout: duration(100).prefault('30s').meta(span('from the first SYN to CONNACK')),
  isolation: truth
    .prefault(false)
    .meta({ description: 'probe in the background that nobody gets where they do not belong' }),
  lateAfter: duration(1).prefault('10s').meta(span('a row that comes later than this is late')),
  publishDelayMax: duration(1)
    .prefault('100ms')
    .meta(span('a generator that is later than this (p99) makes the run invalid')),
  drain: duration(0).prefault('2m').meta(span('wait for acknowledgements at the end, at most')),
  outage: duration(100).prefault('2m').meta(span('how long the store is away')),
  kills: whole(1, 64).prefault(2).meta(help('N', 'workers to kill, one after the other')),
});

/** What a scenario, a file or the command line may say: text, or values. */
export type ScenarioParameters = z.input<typeof fields>;

/** Checked parameters. Durations are milliseconds. */
export type RunParameters = Readonly<z.output<typeof fields>>;

export type ParameterName = keyof RunParameters;

/** The parameters as flags of a command line, in their order. */
export function parameterFlags(): { flag: string; help: string }[] {
  return Object.entries(fields.shape).flatMap(([name, field]) => {
    const { value, description } = helpOf(field);
    const flag = flagOf(name);
    if (value !== undefined) return [{ flag: `${flag} <${value}>`, help: description }];
    return [
      { flag, help: description },
      { flag: flag.replace('--', '--no-'), help: `not: ${description}` },
    ];
  });
}

/** Parameters said somewhere, and how that place names one, such as `--connect-rate`. */
export interface ParameterSource {
  readonly said: Readonly<Record<string, unknown>>;
  readonly nameOf: (parameter: string) => string;
}

/** `connectRate` is `--connect-rate`. */
export function flagOf(parameter: string): string {
  return `--${parameter.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/**
 * The parameters of a run: what later sources say counts. Mistakes are added to `problems`, each
 * under the name its source gives it.
 * @returns null when there were any.
 */
export function mergeParameters(
  sources: readonly ParameterSource[],
  problems: string[],
): RunParameters | null {
  const merged: Record<string, unknown> = {};
  const names = new Map<string, string>();
  for (const { said, nameOf } of sources) {
    for (const [parameter, value] of Object.entries(said)) {
      if (value === undefined) continue;
      merged[parameter] = value;
      names.set(parameter, nameOf(parameter));
    }
  }
  const nameOf = (parameter: string) => names.get(parameter) ?? parameter;
  const result = fields.safeParse(merged);
  const mistakes = (result.error?.issues ?? []).flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => `${nameOf(key)}: there is no such parameter`)
      : [`${nameOf(String(issue.path[0]))}: ${issue.message}`],
  );
  if (result.success && result.data.enterprises > result.data.devices) {
    const { enterprises, devices } = result.data;
    mistakes.push(`${nameOf('enterprises')}: ${enterprises} enterprises own ${devices} devices`);
  }
  problems.push(...mistakes);
  return result.success && mistakes.length === 0 ? Object.freeze(result.data) : null;
}

/** The parameters as a person would write them, for a report. */
export function writtenParameters(
  parameters: RunParameters,
): Record<ParameterName, number | string | boolean> {
  const written = Object.entries(fields.shape).map(([name, field]) => {
    const value = parameters[name as ParameterName];
    const isDuration = helpOf(field).duration === true && typeof value === 'number';
    return [name, isDuration ? durationText(value) : value];
  });
  return Object.fromEntries(written) as Record<ParameterName, number | string | boolean>;
}

function helpOf(field: z.ZodType): ParameterHelp {
  return field.meta() as unknown as ParameterHelp;
}
