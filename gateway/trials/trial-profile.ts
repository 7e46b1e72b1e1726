/**
 * The profile of a trial's machine: a known one, or one from a short form or a table of signals.
 */

import { OnrampError } from '../../model/errors.ts';
import { isDirectoryId } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import { type DeviceProfile, genericProfileId } from '../../model/profile.ts';
import { profileFromDocument } from '../../model/profile-document.ts';
import { quoted } from '../registry/device-check.ts';
import { readProfileCsv } from '../registry/profile-csv.ts';
import type { Registry } from '../registry/registry.ts';

/** What is known of a machine; one of them, or none: then it is a generic one. */
export interface MachineDescription {
  /** Id of a profile that every enterprise may use. */
  readonly profile?: string | undefined;
  readonly form?: MachineForm | undefined;
  /** A table of signals, as `registry profile-add` takes it. */
  readonly csv?: string | undefined;
}

/** Columns as in a profile document; `label` is the name for people, in one language. */
export interface MachineForm {
  readonly name: string;
  readonly signals: readonly Readonly<Record<string, unknown>>[];
}

/** Name of a profile whose machine has none that could be an id. */
const unnamed = 'machine';

/**
 * The id of a registered profile, or one to be added for `enterprise`. What is wrong is appended to
 * `mistakes`; what is answered is then of no use.
 */
export async function trialProfile(
  machine: MachineDescription,
  enterprise: string,
  registry: Pick<Registry, 'listProfiles'>,
  mistakes: string[],
): Promise<string | DeviceProfile> {
  const { csv, form, profile } = machine;
  const given = Object.entries({ profile, form, csv }).filter(([, value]) => value !== undefined);
  if (given.length > 1) {
    mistakes.push(`${given.map(([name]) => name).join(', ')}: give one of them`);
  }
  try {
    if (form !== undefined) return formProfile(form, enterprise);
    if (csv !== undefined) {
      return await readProfileCsv([Buffer.from(csv)], { id: unnamed }, enterprise);
    }
  } catch (error) {
    if (!(error instanceof OnrampError) || error.code !== 'profile.invalid') throw error;
    const details =
      form === undefined ? error.details.map((each) => `csv: ${each}`) : error.details;
    mistakes.push(...new Set(details));
  }
  if (profile === undefined) return genericProfileId;
  const known = await registry.listProfiles();
  const found = known.find((each) => each.profile.id === profile);
  if (found?.enterprise !== null) mistakes.push(`profile: there is no ${quoted(profile)} for all`);
  return profile;
}

function formProfile({ name, signals }: MachineForm, enterprise: string): DeviceProfile {
  const document = { id: idOf(name), name, signals: signals.map(signalOf) };
  return profileFromDocument(document, enterprise, (signal, column) => {
    const place = signal === null ? 'form' : `form.signals[${signal}]`;
    if (column === null) return place;
    return `${place}.${signal !== null && (column === 'zh' || column === 'en') ? 'label' : column}`;
  });
}

/** `Hydraulic press 7` is `hydraulic-press-7`; a name without such letters is `machine`. */
function idOf(name: string): string {
  const id = name
    .toLowerCase()
    .replace(/[^a-z0-9_]+/g, '-')
    .slice(0, limits.idCharsMax)
    .replace(/^-+|-+$/g, '');
  return isDirectoryId(id) ? id : unnamed;
}

function signalOf({ label, ...signal }: Readonly<Record<string, unknown>>) {
  const type = signal.type ?? (signal.values === undefined ? 'float' : 'enum');
  const given = Object.entries({ ...signal, type }).filter(([, value]) => value !== undefined);
  return { ...Object.fromEntries(given), ...(label !== undefined && { zh: label, en: label }) };
}
