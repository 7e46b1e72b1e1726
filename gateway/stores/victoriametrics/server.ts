/**
 * What a VictoriaMetrics says of itself on `/metrics`: that it is one, since when it runs, and the
 * flags it was started with. Under some flags it would lose rows or keep them twice without a word,
 * so it is not used then.
 *
 * Source: VictoriaMetrics documentation, "List of command-line flags", "Deduplication",
 * "Retention", "How to send data from InfluxDB-compatible agents".
 */

import { OnrampError } from '../../../model/errors.ts';
import { type HttpClient, orUnavailable } from '../http-client.ts';

export interface VictoriaServer {
  /** As it says it, e.g. `v1.97.0`; empty in Debian's build. */
  readonly version: string;
  /** Changes when it is started again. */
  readonly startedAtS: number;
  readonly flags: ReadonlyMap<string, string>;
}

const timeoutMs = 10_000;
const flagPattern = /^flag\{name="([^"]*)", ?value="((?:[^"\\]|\\.)*)"/;
const versionPattern = /^vm_app_version\{.*short_version="([^"]*)"/;
const startPattern = /^vm_app_start_timestamp (\d+)/;

/**
 * Asks the server.
 * @throws OnrampError `store.unavailable`, `store.unauthorized`, or `store.unsupported` when it is
 *   no VictoriaMetrics
 */
export async function askServer(client: HttpClient): Promise<VictoriaServer> {
  const flags = new Map<string, string>();
  let version: string | null = null;
  let startedAtS = 0;
  const request = { method: 'GET', path: '/metrics', timeoutMs } as const;
  const { status } = await orUnavailable(
    client.sendForLines(request, (line) => {
      const [, name, value] = flagPattern.exec(line) ?? [];
      if (name !== undefined && value !== undefined) flags.set(name, value);
      version ??= versionPattern.exec(line)?.[1] ?? null;
      startedAtS ||= Number(startPattern.exec(line)?.[1] ?? 0);
    }),
  );
  if (status === 401 || status === 403) {
    throw new OnrampError('store.unauthorized', `${status} on /metrics, which tells the flags`);
  }
  if (status >= 500) throw new OnrampError('store.unavailable', `${status} on /metrics`);
  if (version === null || flags.size === 0 || startedAtS === 0) {
    throw new OnrampError('store.unsupported', 'it is no VictoriaMetrics, going by its /metrics');
  }
  return { version, startedAtS, flags };
}

/** What a flag must be; absent ones (other versions) have the default, which is the first. */
const flagsNeeded: readonly (readonly [name: string, needed: readonly string[], why: string])[] = [
  ['dedup.minScrapeInterval', ['', '1ms'], 'a write that is repeated would be stored twice'],
  ['storage.maxHourlySeries', ['0'], 'rows of devices beyond the limit would vanish'],
  ['storage.maxDailySeries', ['0'], 'rows of devices beyond the limit would vanish'],
  ['influxDBLabel', ['db'], 'rows could not be found again'],
  ['influxMeasurementFieldSeparator', ['_'], 'rows could not be found again'],
  ['influxSkipMeasurement', ['false'], 'rows could not be found again'],
  ['influxSkipSingleField', ['false'], 'rows could not be found again'],
  ['influxTrimTimestamp', ['1ms', '0s', '0'], 'timestamps would lose their milliseconds'],
];

/** @throws OnrampError `store.misconfigured` that names every flag to change. */
export function checkFlags({ flags }: VictoriaServer): void {
  const wrong: string[] = [];
  for (const [name, needed, why] of flagsNeeded) {
    const value = flags.get(name) ?? needed[0] ?? '';
    const ok = name === 'dedup.minScrapeInterval' ? value === '1ms' : needed.includes(value);
    if (ok) continue;
    const use = name === 'dedup.minScrapeInterval' ? '1ms' : needed[0];
    wrong.push(`start it with -${name}=${use} instead of "${value}", or ${why}`);
  }
  if (wrong.length > 0) throw new OnrampError('store.misconfigured', wrong);
}

/** A flag that is a whole number; null when it is none or absent. */
export function flagNumber({ flags }: VictoriaServer, name: string): number | null {
  const value = flags.get(name) ?? '';
  return /^\d+$/.test(value) ? Number(value) : null;
}

/** How long rows may be in memory only; 0 when it does not say. */
export function flushIntervalMs({ flags }: VictoriaServer): number {
  const [, count, unit] =
    /^(\d+(?:\.\d+)?)(ms|s)$/.exec(flags.get('inmemoryDataFlushInterval') ?? '') ?? [];
  return Number(count ?? 0) * (unit === 's' ? 1000 : 1);
}

const hourMs = 3_600_000;
/** A number alone counts months of 31 days. */
const retentionUnitsMs: Readonly<Record<string, number>> = {
  '': 31 * 24 * hourMs,
  h: hourMs,
  d: 24 * hourMs,
  w: 7 * 24 * hourMs,
  y: 365 * 24 * hourMs,
};

/** For how long the server keeps rows: older ones it drops without a word. Null when unclear. */
export function retentionMs({ flags }: VictoriaServer): number | null {
  const period = flags.get('retentionPeriod') ?? '1';
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)([hdwy]?)$/.exec(period) ?? [];
  const unitMs = retentionUnitsMs[unit];
  return count === undefined || unitMs === undefined ? null : Number(count) * unitMs;
}
