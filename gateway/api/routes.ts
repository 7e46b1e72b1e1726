/** Every resource of the API: one line each. */

import type { FastifyInstance } from 'fastify';
import type { ApiContext } from './context.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { deviceExportRoutes } from './device-export.ts';
import { deviceImportRoutes } from './device-import.ts';
import { deviceRoutes } from './devices.ts';
import { liveRoutes } from './live.ts';
import { metricsRoutes } from './metrics.ts';
import { profileRoutes } from './profiles.ts';
import { readingRoutes } from './readings.ts';
import { summaryRoutes } from './summary.ts';

/** Adds the routes of one resource to an application whose hooks already ask for the token. */
export type Resource<Context> = (app: FastifyInstance, context: Context) => void;

/** What the command line needs when no gateway runs and it opens the files itself. */
export type OfflineContext = Pick<
  ApiContext,
  'registry' | 'deadLetters' | 'fleetKey' | 'replay' | 'operatorToken'
>;

/** Resources that need only the data folder. */
export const offlineResources: readonly Resource<OfflineContext>[] = [
  deviceRoutes,
  deviceImportRoutes,
  deviceExportRoutes,
  profileRoutes,
  deadLetterRoutes,
];

export const resources: readonly Resource<ApiContext>[] = [
  ...offlineResources,
  summaryRoutes,
  readingRoutes,
  liveRoutes,
  metricsRoutes,
];
