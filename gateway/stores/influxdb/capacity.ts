/**
 * Whether an InfluxDB 1.x can hold so many devices. Its defaults cannot hold 100,000: an index in
 * memory that bounds the values of a tag within a measurement, and cache snapshots so small that
 * they starve writes. The index `tsi1` has no such bounds (measured with 1.6.7).
 *
 * Source: InfluxDB 1.x configuration, section [data]; SHOW DIAGNOSTICS.
 */

import { OnrampError } from '../../../model/errors.ts';
import type { WriteResult } from '../store.ts';
import type { Querier } from './influxql.ts';

/** From so many devices on, snapshots of the default size starve writes. */
const devicesOfSmallSnapshots = 50_000;
const smallSnapshotBytes = 25 * 1024 * 1024;

/**
 * What to change before `devices` devices, which may all be of one profile, can be stored; a
 * sentence each. Empty, too, when the user may not ask. The server does not say which index it has,
 * so a limit counts whichever it is.
 * @throws OnrampError `store.unavailable`
 */
export async function capacityProblems1(querier: Querier, devices: number): Promise<string[]> {
  const settings = new Map<string, unknown>();
  try {
    await querier.run('SHOW DIAGNOSTICS', ({ name, columns, values }) => {
      if (name !== 'config-data') return;
      for (const [at, column] of columns.entries()) settings.set(column, values[0]?.[at]);
    });
  } catch (error) {
    if (error instanceof OnrampError && error.code === 'store.unavailable') throw error;
    return [];
  }
  const problems: string[] = [];
  for (const name of ['max-values-per-tag', 'max-series-per-database']) {
    const most = Number(settings.get(name) ?? 0);
    if (most === 0 || most > devices) continue;
    problems.push(`${name} is ${most}, which the index inmem keeps to: set it to 0`);
  }
  const snapshotBytes = Number(settings.get('cache-snapshot-memory-size') ?? Infinity);
  if (snapshotBytes <= smallSnapshotBytes && devices >= devicesOfSmallSnapshots) {
    problems.push('cache-snapshot-memory-size is 25m, so that snapshots starve writes: use 800m');
  }
  if (problems.length > 0) {
    problems.push('for 100,000 devices also index-version = "tsi1", cache-max-memory-size = "2g"');
  }
  return problems;
}

const limitPattern = /^partial write: max-(?:values-per-tag|series-per-database) limit exceeded\b/;

/**
 * The result when a write met such a limit, else null. The good lines are stored; those of new
 * devices will be, when the limit is raised: no line is at fault, so none is given up. The text is
 * the server's own from its beginning, for what a device wrote may follow in other messages.
 */
export function limitExceeded(message: string): WriteResult | null {
  if (!limitPattern.test(message)) return null;
  const code = 'store.limits-too-small';
  const { message: reason } = new OnrampError(code, [
    message,
    'set the limit to 0 in influxdb.conf',
  ]);
  return { status: 'unavailable', reason, code };
}
