/** Somebody else's platform as the target of a run. */

import { readFileSync } from 'node:fs';
import { messageOf } from '../../model/errors.ts';
import { isLoopback, parseTarget } from '../../simulator/client/target.ts';

export interface TargetSettings {
  readonly url: string;
  readonly dialect: string;
  readonly fleetKey: Buffer;
  /** PEM of the authorities its certificate may be from; null: those of the machine. */
  readonly tlsCa: string | null;
  /** Hosts, not this machine, that may be put under load. */
  readonly allowHosts: readonly string[];
}

/** As the command line gives it. */
export interface TargetFlags {
  readonly target?: string;
  readonly dialect?: string;
  readonly fleetKey?: string;
  readonly tlsCa?: string;
  readonly allowHost?: readonly string[];
}

/** Null when no target is asked for; what is wrong is added to `problems`. */
export function targetSettings(flags: TargetFlags, problems: string[]): TargetSettings | null {
  const { allowHost = [], dialect = 'native', fleetKey, target, tlsCa } = flags;
  if (target === undefined) {
    if (fleetKey !== undefined) problems.push('--fleet-key: is for --target');
    if (flags.dialect !== undefined) problems.push('--dialect: is for --target');
    if (tlsCa !== undefined) problems.push('--tls-ca: is for --target');
    return null;
  }
  const address = parseTarget(target);
  if (address === null) {
    problems.push('--target: must be mqtt://host:port or mqtts://host:port, and nothing more');
  } else if (!isLoopback(address.host) && !allowHost.includes(address.host)) {
    const { host } = address;
    problems.push(
      `--target: ${host} is not this machine; add --allow-host ${host} to put it under load`,
    );
  }
  const key = readKey(fleetKey, problems);
  const ca = tlsCa === undefined ? null : readFile('--tls-ca', tlsCa, problems);
  if (address === null || key === null) return null;
  return { url: target, dialect, fleetKey: key, tlsCa: ca, allowHosts: allowHost };
}

function readKey(path: string | undefined, problems: string[]): Buffer | null {
  if (path === undefined) {
    problems.push("--fleet-key: is needed with --target; the devices' secrets derive from it");
    return null;
  }
  const text = readFile('--fleet-key', path, problems);
  return text === null ? null : Buffer.from(text.trim(), 'base64url');
}

function readFile(flag: string, path: string, problems: string[]): string | null {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    problems.push(`${flag}: ${messageOf(error)}`);
    return null;
  }
}
