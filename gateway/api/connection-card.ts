/** Everything somebody needs to connect one device, on one card. */

import { z } from 'zod';
import { native } from '../../model/dialects/native.ts';
import { OnrampError } from '../../model/errors.ts';
import { samplePayload } from '../onboarding/sample-payload.ts';
import type { DirectoryEntry, IssuedCredential, RegistryReader } from '../registry/registry.ts';

/** How to connect with MQTT 3.1.1; `password` is shown here and never again. */
export interface ConnectionCard {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  /** Where to publish. A gateway puts the id of the device it speaks for in place of `{device}`. */
  readonly topic: string;
  /** A payload that the device may publish there. */
  readonly sample: string;
}

/** `ConnectionCard`, for the API's description. */
export const cardSchema: z.ZodType<ConnectionCard> = z
  .strictObject({
    clientId: z.string(),
    username: z.string(),
    password: z.string().describe('Shown here and never again'),
    topic: z.string().describe('Where to publish; a gateway fills in {device}'),
    sample: z.string().describe('A payload that may be published there'),
  })
  .meta({ id: 'ConnectionCard', description: 'How to connect with MQTT 3.1.1' });

/** The card of a device that has just been given `credential`. */
export async function connectionCard(
  registry: RegistryReader,
  entry: DirectoryEntry,
  credential: IssuedCredential,
): Promise<ConnectionCard> {
  const profile = await registry.profile(entry.profile);
  if (profile === null) throw new OnrampError('registry.unknown-profile', entry.profile);
  const { enterprise, device, secret } = credential;
  const spokenFor = entry.kind === 'gateway' ? '{device}' : device;
  return {
    ...native.credentials(enterprise, device, secret),
    topic: native.topic(enterprise, spokenFor, 'telemetry'),
    sample: samplePayload(profile),
  };
}
