/** Every kind of store with the server it needs, for tests that run over all of them. */

import type { DeviceProfile, Signal } from '../../model/profile.ts';
import { Influxd, influxdPath } from '../helpers/influxd.ts';
import { VictoriaMetrics, victoriaMetricsPath } from '../helpers/victoria-metrics.ts';

export interface StoreKind {
  readonly name: string;
  readonly skip: boolean;
  readonly survivesRestart: boolean;
  /** It keeps numbers, truth values and enumerations only, and removes rows by itself only. */
  readonly numbersOnly?: boolean;
  settings(database: string): unknown;
}

let influxd: Influxd | null = null;
let victoriaMetrics: VictoriaMetrics | null = null;

/** Starts the servers that are installed. */
export async function startServers(): Promise<void> {
  if (influxdPath !== null) influxd = await Influxd.start();
  if (victoriaMetricsPath !== null) victoriaMetrics = await VictoriaMetrics.start();
}

export async function removeServers(): Promise<void> {
  await influxd?.remove();
  await victoriaMetrics?.remove();
}

export const storeKinds: readonly StoreKind[] = [
  {
    name: 'influxdb',
    skip: influxdPath === null,
    survivesRestart: true,
    settings: (database) => ({ kind: 'influxdb', url: influxd?.url, database }),
  },
  {
    name: 'influxdb with gzip',
    skip: influxdPath === null,
    survivesRestart: true,
    settings: (database) => ({ kind: 'influxdb', url: influxd?.url, database, gzip: true }),
  },
  {
    name: 'victoriametrics',
    skip: victoriaMetricsPath === null,
    survivesRestart: true,
    numbersOnly: true,
    settings: (database) => ({ kind: 'victoriametrics', url: victoriaMetrics?.url, database }),
  },
  {
    name: 'embedded',
    skip: false,
    survivesRestart: true,
    settings: () => ({ kind: 'embedded', memoryLimit: '500MB' }),
  },
  { name: 'memory', skip: false, survivesRestart: false, settings: () => ({ kind: 'memory' }) },
];

function signal(id: string, type: Signal['type'], values: readonly string[] = []): Signal {
  return { id, type, values, name: { zh: id, en: id }, unit: '1', ucum: '1' };
}

/** For stores that have to know what a text stands for. */
export const cnc: DeviceProfile = {
  id: 'cnc',
  name: { zh: 'cnc', en: 'cnc' },
  production: true,
  signals: [
    signal('power', 'float'),
    signal('on', 'bool'),
    signal('POWER', 'bool'),
    signal('state', 'enum', ['off', 'idle', 'run']),
    signal('note', 'string'),
  ],
};
