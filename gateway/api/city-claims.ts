/** A whole simulated city that comes on board by claim. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { buildCity } from '../../model/city.ts';
import { limits } from '../../model/limits.ts';
import { claimLife } from './claims.ts';
import type { ApiContext } from './context.ts';
import { operatorOnly } from './roles.ts';
import { json, route } from './route.ts';

const cityBody = z.strictObject({
  seed: z.int(),
  enterprises: z.int().min(1).max(limits.cityEnterprisesMax),
  devices: z.int().min(1).max(limits.cityDevicesMax),
  sensors: z.boolean().default(false),
  expiresIn: claimLife.prefault('7d'),
});

/** Enterprises without devices: these come by themselves. */
export function cityClaimRoutes(
  app: FastifyInstance,
  context: Pick<ApiContext, 'clock' | 'registry' | 'onboarding' | 'fleetKey'>,
): void {
  const { clock, registry, onboarding } = context;
  route(app, {
    method: 'POST',
    url: '/api/v1/claims/import-city',
    tag: 'onboarding',
    summary: 'Register the enterprises of a simulated city, each with a claim for its devices',
    description: 'The secrets of the claims derive from the fleet key.',
    access: operatorOnly,
    body: cityBody,
    answers: { 200: json('How many claims there are', z.strictObject({ claims: z.int() })) },
    handler: async ({ body: { expiresIn, ...city }, identity }) => {
      const expiresAtMs = clock.nowMs() + expiresIn;
      const claims = await registry.importCityClaims(
        buildCity(city),
        context.fleetKey(),
        expiresAtMs,
        identity.actor,
      );
      onboarding.directoryChanged();
      return { claims };
    },
  });
}
