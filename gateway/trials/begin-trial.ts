/** Begins a trial: an enterprise, its device and a token, all for a week. */

import type { Clock } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';
import { deviceKey, isDirectoryId } from '../../model/identifiers.ts';
import type { Name } from '../../model/profile.ts';
import { secretBytes } from '../../model/random.ts';
import type { Onboarding } from '../onboarding/onboarding.ts';
import { quoted } from '../registry/device-check.ts';
import type { IssuedCredential, Registry } from '../registry/registry.ts';
import { type MachineDescription, trialProfile } from './trial-profile.ts';

export interface TrialRequest extends MachineDescription {
  /** For people; a text is the name in both languages. */
  readonly name?:
    | string
    | { readonly [Language in keyof Name]?: Name[Language] | undefined }
    | undefined;
  readonly enterprise?: string | undefined;
  readonly device?: string | undefined;
}

export interface BegunTrial {
  readonly credential: IssuedCredential;
  /** Opens the API for the enterprise; shown once. */
  readonly token: string;
  readonly expiresAtMs: number;
}

export interface TrialParts {
  readonly clock: Clock;
  readonly registry: Registry;
  readonly onboarding: Onboarding;
}

const trialLifeMs = 7 * 86_400_000;

/**
 * Registers everything, keeps the events of the device from now on, and issues the token. Rejects
 * with `trial.invalid` naming every mistake, `command.needs-gateway`, `registry.exists`,
 * `registry.too-many`.
 */
export async function beginTrial(
  { clock, onboarding, registry }: TrialParts,
  request: TrialRequest,
  actor: string,
): Promise<BegunTrial> {
  const { events } = onboarding;
  if (events === null) throw new OnrampError('command.needs-gateway');
  const { device = 'machine-1', enterprise = generatedId() } = request;
  const mistakes = Object.entries({ enterprise, device })
    .filter(([, id]) => !isDirectoryId(id))
    .map(([name, id]) => `${name}: ${quoted(id)} must match [a-z0-9_-]+ and not be reserved`);
  const owner = isDirectoryId(enterprise) ? enterprise : 'trial';
  const profile = await trialProfile(request, owner, registry, mistakes);
  if (mistakes.length > 0) throw new OnrampError('trial.invalid', mistakes);
  const expiresAtMs = clock.nowMs() + trialLifeMs;
  const name = nameOf(request.name, enterprise);
  const trial = { enterprise, name, device, profile, expiresAtMs };
  const credential = await registry.trials.begin(trial, actor);
  const key = deviceKey(enterprise, device);
  onboarding.limitsChanged(enterprise);
  onboarding.directoryChanged([key]);
  events.keep(key);
  const { text: token } = await registry.tokens.issue(
    { role: 'enterprise', enterprise, name: 'trial', expiresAtMs },
    actor,
  );
  return { credential, token, expiresAtMs };
}

function nameOf(name: TrialRequest['name'], id: string): Name {
  if (typeof name === 'string') return { zh: name, en: name };
  const { en, zh } = name ?? {};
  return { zh: zh ?? en ?? id, en: en ?? zh ?? id };
}

/** Without the characters that people confuse. */
const idAlphabet = 'abcdefghjklmnpqrstuvwxyz23456789';
const idChars = 6;

/** `trial-x7k2p9` */
function generatedId(): string {
  const chars = [...secretBytes(idChars)].map((byte) => idAlphabet[byte % idAlphabet.length]);
  return `trial-${chars.join('')}`;
}
