/** The settings of a simulation: one declaration gives type, default and check. */

import { z } from 'zod';
import { dialects } from '../model/dialects/index.ts';
import { parseDurationMs } from '../model/duration.ts';
import { OnrampError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { outboxMax } from './client/outbox.ts';
import { isLoopback, parseTarget } from './client/target.ts';
import { slotMs } from './schedule.ts';

/** A whole number, also as text. */
const whole = (least: number, most: number) => {
  const error = `must be a whole number from ${least} to ${most}`;
  return z.coerce.number({ error }).int({ error }).min(least, { error }).max(most, { error });
};

/** Milliseconds as a number, or text such as `10s`; null for the text `word`. */
const durationOr = <Word extends string | null>(word: Word, least: number) =>
  z.union([z.number(), z.string(), z.null()]).transform((value, context) => {
    if (word !== null && (value === null || value === word)) return null;
    const milliseconds = typeof value === 'string' ? parseDurationMs(value) : value;
    if (milliseconds !== null && Number.isInteger(milliseconds) && milliseconds >= least) {
      return milliseconds;
    }
    const other = word === null ? '' : `, or "${word}"`;
    context.addIssue(`must be a duration such as 500ms, 10s, 2m, 1h${other}; ${least}ms or longer`);
    return z.NEVER;
  });

const duration = (least: number) => durationOr(null, least).transform((value) => value as number);

const isOnGrid = (milliseconds: number | null): boolean => (milliseconds ?? 0) % slotMs === 0;

const shard = z
  .string()
  .regex(/^\d+\/\d+$/, 'must be i/n, such as 1/4')
  .transform((text) => {
    const [number, count] = text.split('/').map(Number) as [number, number];
    return { number, count };
  })
  .refine(({ number, count }) => number >= 1 && number <= count, 'must be 1/n to n/n');

/** Loopback addresses to spread over when no number is given: ephemeral ports for all. */
const loopbackAddresses = 64;

/** What the help shows of a field: the placeholder of its value, none for a switch, and a text. */
export interface OptionHelp {
  readonly value?: string;
  readonly description: string;
}

const fields = z.strictObject({
  target: z
    .string()
    .prefault('mqtt://127.0.0.1:1883')
    .meta({ value: 'URL', description: 'mqtt://host:port or mqtts://host:port' }),
  allowHost: z
    .array(z.string())
    .prefault([])
    .meta({ value: 'HOST...', description: 'hosts, not this machine, that may be put under load' }),
  dialect: z
    .enum(Object.keys(dialects) as (keyof typeof dialects)[])
    .prefault('native')
    .meta({ value: 'NAME', description: 'how the platform wants topics and payloads' }),
  devices: whole(1, limits.cityDevicesMax)
    .prefault(1000)
    .meta({ value: 'N', description: 'production devices of the city' }),
  enterprises: whole(1, limits.cityEnterprisesMax)
    .prefault(100)
    .meta({ value: 'N', description: 'enterprises that own them' }),
  seed: whole(0, 0xffff_ffff)
    .prefault(1)
    .meta({ value: 'N', description: 'the same seed gives the same city and behaviour' }),
  sensors: z
    .boolean()
    .prefault(false)
    .meta({ description: 'add the environment sensors of the city, about 7 % more devices' }),
  shard: shard
    .prefault('1/1')
    .meta({ value: 'I/N', description: 'play every n-th device, for several processes' }),
  processes: z
    .union([z.literal('auto'), whole(1, limits.simulatorProcessesMax)], {
      error: `must be "auto" or a whole number from 1 to ${limits.simulatorProcessesMax}`,
    })
    .prefault(1)
    .meta({
      value: 'N|auto',
      description: 'processes that play; "auto": as cores and the limit of open files demand',
    }),
  interval: durationOr('nominal', slotMs)
    .refine(isOnGrid, `must be a multiple of ${slotMs}ms`)
    .prefault('10s')
    .meta({
      value: 'DURATION',
      description: 'time between two readings of a device, or "nominal": what its profile says',
    }),
  duration: durationOr('forever', 1).prefault('60s').meta({
    value: 'DURATION',
    description: 'measured time, after every device has tried to connect, or "forever"',
  }),
  publishFrom: z.enum(['session', 'release']).prefault('session').meta({
    value: 'session|release',
    description: 'devices publish from their own session on, or when all have tried to connect',
  }),
  qos: whole(0, 1)
    .transform((qos) => qos as 0 | 1)
    .prefault(1)
    .meta({ value: '0|1', description: '1: readings are acknowledged, and sent again if not' }),
  report: z
    .enum(['key', 'full'])
    .prefault('key')
    .meta({ value: 'key|full', description: "a profile's key signals, or all" }),
  fleetKey: z
    .instanceof(Buffer, { error: 'is needed' })
    .refine((key) => key.length >= 16, 'shorter than 16 bytes')
    .optional()
    .meta({
      value: 'FILE',
      description:
        "the devices' secrets, and the claims', derive from it (default: data/fleet.key)",
    }),
  onboard: z.enum(['claim']).optional().meta({
    value: 'claim',
    description: "devices first claim a credential of their own, with their enterprise's claim",
  }),
  credentials: z.string().optional().meta({
    value: 'FILE',
    description:
      'with --onboard: where to keep the credentials; without: where they are; like --ledger',
  }),
  answerTimeout: duration(100).prefault('10s').meta({
    value: 'DURATION',
    description: 'a claim that is not answered by then is sent again',
  }),
  api: z
    .url({ protocol: /^https?$/, error: 'must be http://host:port or https://host:port' })
    .optional()
    .meta({ value: 'URL', description: "the platform's API, to ask when first rows were stored" }),
  apiTokenFile: z
    .string()
    .trim()
    .optional()
    .meta({ value: 'FILE', description: 'the token for --api' }),
  register: z
    .boolean()
    .prefault(false)
    .meta({ description: 'have --api register the claims of the city first' }),
  firstRowTimeout: duration(0).prefault('60s').meta({
    value: 'DURATION',
    description: 'wait for first rows after the last acknowledgement, at most',
  }),
  connectRate: whole(1, 1_000_000).optional().meta({
    value: 'N',
    description: 'connections begun per second (default: as fast as possible)',
  }),
  connectsInFlight: whole(1, 10_000)
    .prefault(200)
    .meta({ value: 'N', description: 'connections begun and not yet accepted, at most' }),
  connectTimeout: duration(100)
    .prefault('30s')
    .meta({ value: 'DURATION', description: 'from the first SYN to CONNACK' }),
  keepalive: duration(1000)
    .refine((ms) => ms % 1000 === 0, 'must be whole seconds')
    .refine((ms) => ms <= limits.keepaliveSecondsMax * 1000, 'longer than an hour')
    .prefault('60s')
    .meta({ value: 'DURATION', description: 'MQTT keepalive, whole seconds' }),
  inFlight: whole(1, outboxMax)
    .prefault(16)
    .meta({ value: 'N', description: 'unacknowledged publishes of one device on the wire' }),
  backoff: duration(10).prefault('1s').meta({
    value: 'DURATION',
    description: 'before the first reconnect; doubled by each failure',
  }),
  backoffMax: duration(10)
    .prefault('60s')
    .meta({ value: 'DURATION', description: 'the longest time before a reconnect' }),
  drain: duration(0)
    .prefault('30s')
    .meta({ value: 'DURATION', description: 'wait for acknowledgements at the end, at most' }),
  spreadLoopback: z
    .literal(true)
    .transform(() => loopbackAddresses)
    .or(whole(1, 60_000))
    .optional()
    .meta({
      value: '[N]',
      description: `connect to N (${loopbackAddresses}) addresses from 127.0.0.1 on in turn`,
    }),
  sourceAddresses: z
    .array(z.union([z.ipv4(), z.ipv6()], { error: 'not an IP address' }))
    .optional()
    .meta({ value: 'IP...', description: 'local addresses to connect from in turn' }),
  tlsCa: z
    .string()
    .optional()
    .meta({ value: 'FILE', description: 'PEM of the authorities to trust, for mqtts://' }),
  tlsFingerprint: z
    .string()
    .regex(/^([0-9a-f]{2}:?){31}[0-9a-f]{2}$/i, 'not a SHA-256 fingerprint')
    .optional()
    .meta({ value: 'SHA256', description: "the server certificate's fingerprint" }),
  tlsInsecure: z
    .boolean()
    .prefault(false)
    .meta({ description: 'check nothing about the server; loopback only' }),
  ledger: z.string().optional().meta({
    value: 'FILE',
    description:
      'what each device sent and what was acknowledged, NDJSON; several processes add .1, .2 …',
  }),
  publishDelayMax: duration(1)
    .prefault('100ms')
    .meta({ value: 'DURATION', description: 'the run is invalid if its p99 is over this' }),
  eventLoopLagMax: duration(1)
    .prefault('100ms')
    .meta({ value: 'DURATION', description: 'the run is invalid if its p99 is over this' }),
});

/** `<N>` for a value that is needed, `[N]` for one that is not. */
function placeholder(value = ''): string {
  return value === '' || value.startsWith('[') ? value : `<${value}>`;
}

/** The settings as flags of a command line, in their order. */
export function simulationFlags(): { name: string; flag: string; help: string }[] {
  return Object.entries(fields.shape).map(([name, field]) => {
    const { value, description } = field.meta() as unknown as OptionHelp;
    const preset = field instanceof z.ZodPrefault ? field.def.defaultValue : undefined;
    const shown = typeof preset === 'string' || typeof preset === 'number';
    return {
      name,
      flag: [optionName([name]), placeholder(value)].join(' ').trimEnd(),
      help: shown ? `${description} (default: ${preset})` : description,
    };
  });
}

/** What a caller may give: text as on the command line, or values. */
export type SimulationInput = z.input<typeof fields>;

/** Checked settings. Durations are milliseconds. */
export type SimulationOptions = Readonly<z.output<typeof fields>>;

/**
 * Checks `input` and fills in the defaults.
 * @throws OnrampError `config.invalid` with one detail for every mistake, those of `problems`
 * (found by the caller) first.
 */
export function simulationOptions(
  input: SimulationInput | Readonly<Record<string, unknown>>,
  problems: readonly string[] = [],
): SimulationOptions {
  const result = fields.safeParse(input);
  const mistakes = [
    ...problems,
    ...(result.error?.issues ?? []).map((issue) => `${optionName(issue.path)}: ${issue.message}`),
    ...(input.fleetKey === undefined && needsFleetKey(input) ? ['--fleet-key: is needed'] : []),
    ...contradictions(validFields(input)),
  ];
  if (!result.success || mistakes.length > 0) throw new OnrampError('config.invalid', mistakes);
  return Object.freeze(result.data);
}

/** The fields that are right in themselves, so that a mistake in one hides nothing of others. */
function validFields(input: Readonly<Record<string, unknown>>): Partial<SimulationOptions> {
  const valid = Object.entries(fields.shape).flatMap(([name, field]) => {
    const result = field.safeParse(input[name]);
    return result.success ? [[name, result.data]] : [];
  });
  return Object.fromEntries(valid) as Partial<SimulationOptions>;
}

/** False when the devices come back with credentials from a file. */
export function needsFleetKey(input: Readonly<Record<string, unknown>>): boolean {
  return input.credentials === undefined || input.onboard !== undefined;
}

/** What is wrong with fields that are right in themselves. */
function contradictions(options: Partial<SimulationOptions>): string[] {
  const { enterprises = 0, devices = enterprises, backoff = 0, backoffMax = backoff } = options;
  const problems = targetProblems(options);
  if (enterprises > devices) problems.push(`--enterprises: ${enterprises} for ${devices} devices`);
  if (backoffMax < backoff) problems.push('--backoff-max: less than --backoff');
  return [...problems, ...onboardingProblems(options)];
}

function onboardingProblems(options: Partial<SimulationOptions>): string[] {
  const { onboard, api, apiTokenFile, register, qos, dialect } = options;
  const problems: string[] = [];
  if (onboard !== undefined && dialect !== undefined && dialect !== 'native') {
    problems.push(`--onboard: the dialect ${dialect} has no claims`);
  }
  if (api !== undefined && onboard === undefined) problems.push('--api: is for --onboard claim');
  if (api !== undefined && !apiTokenFile) problems.push('--api: needs --api-token-file');
  if (api !== undefined && qos === 0) problems.push('--api: first rows need --qos 1');
  if (api === undefined && register) problems.push('--register: needs --api');
  return problems;
}

function targetProblems(options: Partial<SimulationOptions>): string[] {
  const { target, allowHost = [], tlsCa, tlsFingerprint, tlsInsecure, spreadLoopback } = options;
  if (target === undefined) return [];
  const address = parseTarget(target);
  if (address === null)
    return [`--target: must be mqtt://host:port or mqtts://host:port: ${target}`];
  const { host, tls } = address;
  const local = isLoopback(host);
  const problems: string[] = [];
  if (!local && !allowHost.includes(host)) {
    problems.push(
      `--target: ${host} is not this machine; add --allow-host ${host} to put it under load`,
    );
  }
  if (tlsInsecure && !local) problems.push('--tls-insecure: is for a loopback target only');
  if ((tlsInsecure || tlsCa || tlsFingerprint) && !tls) {
    problems.push('--target: TLS options need an mqtts:// target');
  }
  if (spreadLoopback !== undefined && host !== '127.0.0.1' && host !== 'localhost') {
    problems.push('--spread-loopback: needs the target 127.0.0.1');
  }
  return problems;
}

/** `connectRate` is `--connect-rate`. */
function optionName(path: readonly PropertyKey[]): string {
  const name = String(path[0] ?? 'options');
  return `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
