/** A device or gateway as the API shows it. */

import { z } from 'zod';
import { deviceStates, wordOf } from '../../model/device.ts';
import { OnrampError } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import type { Onboarding } from '../onboarding/onboarding.ts';
import type { DirectoryEntry, Registry } from '../registry/registry.ts';
import { instant, instantOrNull, withInstants } from './time.ts';
import { word } from './validation.ts';

const deviceKinds = ['device', 'gateway'] as const;

/** Which devices, as a query says it. */
export const deviceFilter = {
  enterprise: word.optional(),
  district: word.optional(),
  profile: word.optional(),
  kind: z.enum(deviceKinds).optional(),
  state: z.enum(deviceStates).optional(),
  text: word
    .optional()
    .describe("Part of the key, the serial or the enterprise's name; case is ignored"),
};

/** `DeviceAnswer`, for the API's description. */
export const deviceSchema = z
  .strictObject({
    id: z.string().describe('{enterprise}.{device}'),
    enterprise: z.string(),
    device: z.string(),
    kind: z.enum(deviceKinds),
    profile: z.string(),
    district: z.string(),
    industry: z.string().describe('Two digits of GB/T 4754'),
    gateway: z.string().nullable().describe('The gateway that may speak for it'),
    serial: z.string().nullable(),
    state: z.enum(deviceStates).describe('Where it is in its life'),
    word: z
      .enum(['registered', 'connecting', 'active', 'blocked'])
      .describe('The state in one of four words'),
    online: z
      .boolean()
      .nullable()
      .describe('It, or its gateway, has a session now; null where no gateway runs'),
    ...instant('createdAt'),
    ...instantOrNull('activatedAt', 'When its first row was stored'),
    ...instantOrNull('lastRowAt', 'When its last row was stored, to about ten minutes'),
    revision: z.int().describe('Rises with every change that somebody made'),
  })
  .meta({ id: 'Device' });

export type DeviceAnswer = z.output<typeof deviceSchema>;

/** An entry with what people want to know of it. */
export function deviceAnswer(
  entry: DirectoryEntry,
  onboarding: Pick<Onboarding, 'isOnline'>,
): DeviceAnswer {
  const { enterprise, device, state, createdAtMs, activatedAtMs, lastRowAtMs } = entry;
  return withInstants({
    id: deviceKey(enterprise, device),
    enterprise,
    device,
    kind: entry.kind,
    profile: entry.profile,
    district: entry.district,
    industry: entry.industry,
    gateway: entry.gateway ?? null,
    serial: entry.serial ?? null,
    state,
    word: wordOf(state),
    online: onboarding.isOnline(enterprise, device),
    createdAtMs,
    activatedAtMs,
    lastRowAtMs,
    revision: entry.revision,
  });
}

/** The entry of a device. @throws OnrampError `registry.not-found`. */
export async function registered(
  registry: Pick<Registry, 'get'>,
  { enterprise, device }: { readonly enterprise: string; readonly device: string },
): Promise<DirectoryEntry> {
  const entry = await registry.get(enterprise, device);
  if (entry === null) throw new OnrampError('registry.not-found', deviceKey(enterprise, device));
  return entry;
}
