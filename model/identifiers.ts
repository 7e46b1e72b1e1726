/** The rules that names of enterprises, devices, profiles and signals obey (ids are ASCII). */

import { limits } from './limits.ts';

const devicePattern = /^[a-z0-9_-]+$/;
const profilePattern = /^[a-z0-9._-]+$/;
const signalPattern = /^[A-Za-z][A-Za-z0-9_.-]*$/;

/** Ids that would collide with topic levels or claim sessions. */
const reservedIds: ReadonlySet<string> = new Set(['claim', 'provision']);

/** Field and tag names that the store's schema uses itself. */
export const reservedSignals: ReadonlySet<string> = new Set([
  'seq',
  'quality',
  'time',
  'enterprise',
  'device',
  'district',
  'industry',
  'signal',
]);

/** True for an enterprise, device, gateway or serial id: `[a-z0-9_-]+`, 64 characters at most. */
export function isDirectoryId(id: string): boolean {
  return id.length <= limits.idCharsMax && devicePattern.test(id) && !reservedIds.has(id);
}

/** True for a profile id: `[a-z0-9._-]+`; those added at run time are `{enterprise}.{name}`. */
export function isProfileId(id: string): boolean {
  return id.length <= limits.idCharsMax * 2 && profilePattern.test(id);
}

/** True for a signal id: starts with a letter, then letters, digits, `_`, `.`, `-`. */
export function isSignalId(id: string): boolean {
  return id.length <= limits.idCharsMax && signalPattern.test(id) && !reservedSignals.has(id);
}

/** The key of a device everywhere: `{enterprise}.{device}`. Neither part contains a dot. */
export function deviceKey(enterprise: string, device: string): string {
  return `${enterprise}.${device}`;
}

/** Splits a device key; null when it is not one. */
export function parseDeviceKey(key: string): { enterprise: string; device: string } | null {
  const dot = key.indexOf('.');
  if (dot < 0) return null;
  const enterprise = key.slice(0, dot);
  const device = key.slice(dot + 1);
  return isDirectoryId(enterprise) && isDirectoryId(device) ? { enterprise, device } : null;
}
