/** Every setting of the gateway, declared once: type, default, check and description. */

import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { parseDurationMs } from '../model/duration.ts';
import { messageOf, OnrampError } from '../model/errors.ts';
import { limits } from '../model/limits.ts';
import { storeSettings } from './stores/index.ts';

const port = z.int().min(0).max(65_535);

/** `30d`, `10s` … or a number of milliseconds, as milliseconds. */
const durationMs = (minMs: number, maxMs: number) =>
  z
    .union([z.string(), z.number()])
    .transform((value, context) => {
      const milliseconds = typeof value === 'number' ? value : parseDurationMs(value);
      if (milliseconds !== null) return milliseconds;
      context.addIssue({ code: 'custom', message: 'is not a duration like 10s, 5m, 2h or 30d' });
      return z.NEVER;
    })
    .pipe(z.number().min(minMs).max(maxMs));

const hourMs = 3_600_000;
const yearMs = 365 * 24 * hourMs;

const httpSettings = z.strictObject({
  port: port.default(8080).describe('HTTP port of API, metrics and pages; 0 picks a free one'),
});

const brokerSettings = z.strictObject({
  access: z
    .enum(['authenticated', 'open'])
    .default('authenticated')
    .describe(
      'open lets anyone publish anywhere and stores nothing: for conformance suites, loopback only',
    ),
  port: port.default(1883).describe('MQTT port; 0 picks a free one'),
  tlsPort: port.nullable().default(8883).describe('MQTT over TLS port; null closes it'),
  tlsKeyFile: z.string().optional().describe('PEM key; without it a self-signed one is made'),
  tlsCertFile: z.string().optional().describe('PEM certificate chain belonging to tlsKeyFile'),
  sessionsExpected: z
    .int()
    .min(1)
    .max(10_000_000)
    .optional()
    .describe('Sessions at the same time, of all workers: decides how many there are if auto'),
  sessionsMax: z
    .int()
    .min(1)
    .max(limits.workerSessionsMax * 20)
    .optional()
    .describe('Sessions of one worker; by itself what the limit of open files allows'),
  loopbackAddresses: z
    .int()
    .min(1)
    .max(limits.loopbackAddressesMax)
    .default(1)
    .describe(
      'Without lan: listen on this many addresses from 127.0.0.1 on, for more sessions from this ' +
        'machine than one address has ports',
    ),
});

const journalSettings = z.strictObject({
  bytesMax: z
    .number()
    .min(1024 ** 2)
    .max(1024 ** 5)
    .default(limits.journalBytesMax)
    .describe('Unshipped bytes of all journals; beyond it devices wait, unacknowledged'),
  diskReserveBytes: z
    .number()
    .min(0)
    .max(1024 ** 5)
    .default(limits.diskReserveBytes)
    .describe('Free disk that the journal leaves to everybody else'),
  commitIntervalMs: z
    .number()
    .min(0)
    .max(1000)
    .default(25)
    .describe('Readings that arrive within this time share one commit: one write to the disk'),
});

const enterpriseSettings = z.strictObject({
  sessionsMax: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(12_500)
    .describe('Sessions of one enterprise, where no other limit is set for it'),
  messagesPerSecondMax: z
    .int()
    .min(1)
    .max(1_000_000)
    .default(5000)
    .describe(
      'Messages a second of one enterprise, where no other limit is set for it; a message counts ' +
        'once for each started 4 KiB',
    ),
  journalShare: z
    .number()
    .min(0.01)
    .max(1)
    .default(0.25)
    .describe('Part of the journal that one enterprise may fill while the store is away'),
});

const readingSettings = z.strictObject({
  strict: z.boolean().default(false).describe('Refuse a whole reading for one bad value'),
  ageMax: durationMs(60_000, 10 * yearMs)
    .prefault('30d')
    .describe('Readings older than this are refused'),
  aheadMax: durationMs(0, 24 * hourMs)
    .prefault('5m')
    .describe('Readings further in the future than this are refused'),
});

const onboardingSettings = z.strictObject({
  inactiveAfter: durationMs(120_000, yearMs)
    .prefault('15m')
    .describe('An active device without a stored row for so long is inactive'),
  credentialUnusedMax: durationMs(60_000, yearMs)
    .prefault('1h')
    .describe('A credential from a claim that is not used for so long is void'),
});

const retentionSettings = z.strictObject({
  rows: durationMs(hourMs, 10 * yearMs)
    .nullable()
    .default(null)
    .describe('Age at which rows are removed from the store; null keeps them'),
  deadLetters: durationMs(hourMs, 10 * yearMs)
    .prefault('30d')
    .describe('Age at which dead letters are removed'),
  audit: durationMs(24 * hourMs, 50 * yearMs)
    .prefault('365d')
    .describe('Age at which entries of the audit trail are removed'),
});

export const gatewaySettings = z
  .strictObject({
    data: z.string().default('data').describe('Folder of registry, journal, tokens and keys'),
    lan: z.boolean().default(false).describe('Bind to all addresses instead of loopback'),
    publicUrl: z.url().optional().describe('How others reach this gateway over HTTP'),
    workers: z
      .union([z.literal('auto'), z.int().min(1).max(limits.workersMax)])
      .default(1)
      .describe(
        'Worker processes; more than one is Linux only. auto: what broker.sessionsExpected, the ' +
          'limit of open files and the cores call for',
      ),
    simulated: z.boolean().default(false).describe('The devices are simulated: every page says so'),
    logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']).default('info'),
    http: httpSettings.prefault({}),
    broker: brokerSettings.prefault({}),
    journal: journalSettings.prefault({}),
    enterprises: enterpriseSettings.prefault({}),
    readings: readingSettings.prefault({}),
    onboarding: onboardingSettings.prefault({}),
    retention: retentionSettings.prefault({}),
    store: storeSettings.prefault({ kind: 'embedded' }),
  })
  .superRefine((settings, context) => {
    if (settings.broker.access === 'open' && settings.lan) {
      context.addIssue({
        code: 'custom',
        path: ['broker', 'access'],
        message: 'open binds to loopback only: remove lan or use authenticated',
      });
    }
    const { tlsKeyFile, tlsCertFile } = settings.broker;
    if ((tlsKeyFile === undefined) !== (tlsCertFile === undefined)) {
      context.addIssue({
        code: 'custom',
        path: ['broker', tlsKeyFile === undefined ? 'tlsKeyFile' : 'tlsCertFile'],
        message: 'is missing: key and certificate belong together',
      });
    }
  });

export type GatewaySettings = z.output<typeof gatewaySettings>;
/** What a configuration file may hold. */
export type GatewaySettingsInput = z.input<typeof gatewaySettings>;

/**
 * Settings from a parsed document.
 * @throws OnrampError `config.invalid` naming every mistake at once.
 */
export function parseSettings(document: unknown): GatewaySettings {
  const parsed = gatewaySettings.safeParse(document ?? {});
  if (!parsed.success)
    throw new OnrampError('config.invalid', parsed.error.issues.flatMap(explain));
  return deepFreeze(parsed.data);
}

/**
 * Settings from a YAML file, with `overrides` (command line flags) laid over it.
 * @throws OnrampError `config.invalid`.
 */
export function loadSettings(file: string | undefined, overrides: Overrides): GatewaySettings {
  return parseSettings(merge(file === undefined ? {} : readYaml(file), overrides));
}

type Overrides = { readonly [key: string]: unknown };

function readYaml(file: string): Overrides {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new OnrampError('config.invalid', `${file} cannot be read: ${messageOf(error)}`);
  }
  try {
    const document = parseYaml(text) ?? {};
    if (typeof document !== 'object' || Array.isArray(document)) throw new Error('not a mapping');
    return document as Overrides;
  } catch (error) {
    throw new OnrampError('config.invalid', `${file} is not valid YAML: ${messageOf(error)}`);
  }
}

/** Lays the defined values of `over` onto `base`, level by level. */
function merge(base: Overrides, over: Overrides): Overrides {
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    if (value === undefined) continue;
    const below = result[key];
    result[key] = isMapping(value) && isMapping(below) ? merge(below, value) : value;
  }
  return result;
}

function isMapping(value: unknown): value is Overrides {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function explain(issue: z.core.$ZodIssue): string[] {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => `${path ? `${path}.` : ''}${key}: there is no such setting`);
  }
  return [`${path || 'configuration'}: ${issue.message}`];
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
