/** Every resource of the API: one line each. */

import type { FastifyInstance } from 'fastify';
import { auditRoutes } from './audit.ts';
import { authorityRoutes } from './authorities.ts';
import { cityClaimRoutes } from './city-claims.ts';
import { claimRoutes } from './claims.ts';
import type { ApiContext } from './context.ts';
import { countRoutes } from './counts.ts';
import { deadLetterRoutes } from './dead-letters.ts';
import { deviceChangeRoutes } from './device-changes.ts';
import { deviceCommandRoutes } from './device-commands.ts';
import { deviceEventRoutes } from './device-events.ts';
import { deviceExportRoutes } from './device-export.ts';
import { deviceImportRoutes } from './device-import.ts';
import { deviceRoutes } from './devices.ts';
import { enterpriseRoutes } from './enterprises.ts';
import { groupRoutes } from './groups.ts';
import { healthRoutes } from './health.ts';
import { ledgerRoutes } from './ledger.ts';
import { liveRoutes } from './live.ts';
import { metricsRoutes } from './metrics.ts';
import { profileRoutes } from './profiles.ts';
import { progressRoutes } from './progress.ts';
import { readingRoutes } from './readings.ts';
import { summaryRoutes } from './summary.ts';
import { tokenRoutes } from './tokens.ts';
import { trialRoutes } from './trials.ts';

/** Adds the routes of one resource to an application whose hooks already ask whose request it is. */
export type Resource<Context> = (app: FastifyInstance, context: Context) => void;

/** What the command line needs when no gateway runs and it opens the files itself. */
export type OfflineContext = Pick<
  ApiContext,
  | 'clock'
  | 'registry'
  | 'onboarding'
  | 'deadLetters'
  | 'endpoint'
  | 'fleetKey'
  | 'replay'
  | 'operatorToken'
>;

/** Resources that need only the data folder. */
export const offlineResources: readonly Resource<OfflineContext>[] = [
  deviceRoutes,
  deviceChangeRoutes,
  deviceEventRoutes,
  deviceImportRoutes,
  deviceExportRoutes,
  enterpriseRoutes,
  profileRoutes,
  claimRoutes,
  cityClaimRoutes,
  groupRoutes,
  authorityRoutes,
  tokenRoutes,
  trialRoutes,
  auditRoutes,
  countRoutes,
  deadLetterRoutes,
];

export const resources: readonly Resource<ApiContext>[] = [
  ...offlineResources,
  deviceCommandRoutes,
  healthRoutes,
  progressRoutes,
  summaryRoutes,
  readingRoutes,
  ledgerRoutes,
  liveRoutes,
  metricsRoutes,
];
