/** What a new device must fulfil, whether it is added alone or with an import. */

import { type ErrorCode, OnrampError } from '../../model/errors.ts';
import { isDirectoryId } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import { genericProfileId } from '../../model/profile.ts';
import type { DeviceKind, NewDevice, NewEnterprise } from './registry.ts';

/** Why something cannot be registered. */
export interface Problem {
  readonly code: ErrorCode;
  readonly detail: string;
}

/** Every profile by its id, and whose it is: an enterprise's, or everybody's (null). */
export type ProfileOwners = ReadonlyMap<string, string | null>;

/** A GB/T 4754 two-digit class. */
const industryPattern = /^[0-9]{2}$/;

/** What devices and enterprises have when nobody said. */
export const unknownDistrict = 'unknown';
export const unknownIndustry = '00';

/** `text` in quotes, cut to a length that fits a message. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 64 ? `${text.slice(0, 64)}…` : text);
}

/** The kind and profile of a new device, which may be left out. */
export function withDefaults(device: NewDevice): { kind: DeviceKind; profile: string } {
  const kind = device.kind ?? 'device';
  const profile = device.profile ?? (kind === 'gateway' ? genericProfileId : '');
  return { kind, profile };
}

/**
 * The first thing that is wrong with `device` by itself, or null. Whether it exists is not asked.
 */
export function deviceProblem(device: NewDevice, owners: ProfileOwners): Problem | null {
  return (
    idProblem('enterprise', device.enterprise) ??
    idProblem('device', device.device) ??
    kindProblem(device) ??
    profileProblem(device, owners) ??
    placeProblem(device.district, device.industry) ??
    (device.serial === undefined ? null : idProblem('serial', device.serial)) ??
    (device.secret === undefined ? null : secretProblem(device.secret))
  );
}

function idProblem(column: string, id: string): Problem | null {
  if (isDirectoryId(id)) return null;
  return { code: 'registry.id-invalid', detail: `${column} ${quoted(id)}` };
}

function kindProblem(device: NewDevice): Problem | null {
  const { kind = 'device', gateway } = device;
  if (kind !== 'device' && kind !== 'gateway') {
    return invalid(`kind must be device or gateway, not ${quoted(kind)}`);
  }
  if (gateway === undefined) return null;
  if (kind === 'gateway') return invalid('a gateway cannot name a gateway');
  return idProblem('gateway', gateway);
}

function profileProblem(device: NewDevice, owners: ProfileOwners): Problem | null {
  const { profile } = withDefaults(device);
  const owner = owners.get(profile);
  if (owner === null || owner === device.enterprise) return null;
  return {
    code: 'registry.unknown-profile',
    detail: profile === '' ? 'no profile given' : `${quoted(profile)} for ${device.enterprise}`,
  };
}

/** The first thing that is wrong with `enterprise`, or null. */
export function enterpriseProblem(enterprise: NewEnterprise): Problem | null {
  const { id, name, district, industry, park, sizeClass, platform } = enterprise;
  const { sessionsMax, messagesPerSecondMax } = enterprise.limits ?? {};
  const long = [name?.zh, name?.en, park, sizeClass, platform].some(
    (text) => text !== undefined && text.length > limits.textCharsMax,
  );
  return (
    idProblem('enterprise', id) ??
    placeProblem(district, industry) ??
    (long ? invalid(`a text has at most ${limits.textCharsMax} characters`) : null) ??
    limitProblem('sessionsMax', sessionsMax, limits.enterpriseSessionsMax) ??
    limitProblem(
      'messagesPerSecondMax',
      messagesPerSecondMax,
      limits.enterpriseMessagesPerSecondMax,
    )
  );
}

function limitProblem(name: string, value: number | null | undefined, max: number): Problem | null {
  if (value === undefined || value === null) return null;
  if (Number.isInteger(value) && value >= 1 && value <= max) return null;
  return invalid(`${name} must be 1 to ${max}, or null`);
}

function placeProblem(district: string | undefined, industry: string | undefined): Problem | null {
  if (district !== undefined && !isDirectoryId(district)) {
    return invalid(`district ${quoted(district)} must match [a-z0-9_-]+`);
  }
  if (industry !== undefined && !industryPattern.test(industry)) {
    return invalid(`industry ${quoted(industry)} must be two digits (GB/T 4754)`);
  }
  return null;
}

/** What is wrong with a secret somebody brings along, or null. */
export function secretProblem(secret: string): Problem | null {
  if (secret.length < limits.secretCharsMin) {
    return { code: 'registry.secret-too-short', detail: `${secret.length} characters` };
  }
  if (secret.length <= limits.secretCharsMax) return null;
  return invalid(`a secret has at most ${limits.secretCharsMax} characters`);
}

function invalid(detail: string): Problem {
  return { code: 'registry.device-invalid', detail };
}

/** Throws `problem` if there is one. */
export function throwProblem(problem: Problem | null): void {
  if (problem !== null) throw new OnrampError(problem.code, problem.detail);
}
