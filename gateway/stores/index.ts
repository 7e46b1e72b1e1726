/** The stores. Adding one is a file and a line here. */

import { z } from 'zod';
import type { StoreContext } from './context.ts';
import { embeddedSettings } from './embedded/settings.ts';
import { influxdbSettings } from './influxdb/settings.ts';
import { memorySettings } from './memory.ts';
import type { Store } from './store.ts';
import { victoriametricsSettings } from './victoriametrics/settings.ts';

export type { StoreContext, StoreLogger } from './context.ts';

/** The settings of any store, told apart by `kind`. */
export const storeSettings = z
  .discriminatedUnion('kind', [
    embeddedSettings,
    influxdbSettings,
    victoriametricsSettings,
    memorySettings,
  ])
  .describe('Where readings are kept.');

export type StoreSettings = z.infer<typeof storeSettings>;
export type StoreKind = StoreSettings['kind'];
type SettingsOf<Kind extends StoreKind> = Extract<StoreSettings, { kind: Kind }>;

/** Loads a store's code only when it is chosen. */
const constructors: {
  readonly [Kind in StoreKind]: (
    settings: SettingsOf<Kind>,
    context: StoreContext,
  ) => Promise<Store>;
} = {
  embedded: async (...given) =>
    new (await import('./embedded/embedded.ts')).EmbeddedStore(...given),
  influxdb: async (...given) =>
    new (await import('./influxdb/influxdb.ts')).InfluxdbStore(...given),
  victoriametrics: async (...given) =>
    new (await import('./victoriametrics/victoriametrics.ts')).VictoriametricsStore(...given),
  memory: async (settings) => new (await import('./memory.ts')).MemoryStore(settings),
};

/** A store that is not started yet. Secrets are read when it starts. */
export function createStore(settings: StoreSettings, context: StoreContext): Promise<Store> {
  const construct = constructors[settings.kind] as (
    settings: StoreSettings,
    context: StoreContext,
  ) => Promise<Store>;
  return construct(settings, context);
}
