/** What a run needs of its machine, checked before anything is started. */

import { readFileSync, statfsSync } from 'node:fs';
import { availableMemory } from 'node:process';
import { OnrampError } from '../../model/errors.ts';
import type { RunParameters } from '../scenarios/parameters.ts';

/** What a machine has; null is what it does not tell. */
export interface MachineFacts {
  readonly platform: string;
  /** Ports that the kernel gives to outgoing connections. */
  readonly localPorts: number | null;
  readonly freeDiskBytes: number | null;
  readonly freeMemoryBytes: number | null;
}

export interface RunNeeds {
  readonly parameters: RunParameters;
  readonly linuxOnly: boolean;
  /** It starts a gateway here, and perhaps a store. */
  readonly platform: boolean;
  readonly ownStore: boolean;
}

const MiB = 1024 ** 2;

/** Of a session, on both sides, as measured; and of everything without any session. */
const bytesOfSession = { simulator: 8 * 1024, gateway: 24 * 1024 };
const bytesOfProcesses = { simulator: 200 * MiB, gateway: 500 * MiB, store: 500 * MiB };
/** A store's memory for each series. */
const bytesOfSeries = 16 * 1024;
/** On disk, in journal and store, of one reading; and what is left to everybody else. */
const bytesOfReading = 250;
const diskReserveBytes = 512 * MiB;
/** A reading's interval where the profiles say it. */
const nominalIntervalMs = 5000;

/** Everything that is missing, each with what to do about it. Pure. */
export function preflightProblems(needs: RunNeeds, machine: MachineFacts): string[] {
  return [
    ...platformProblems(needs, machine),
    ...portProblems(needs, machine),
    ...diskProblems(needs, machine),
    ...memoryProblems(needs, machine),
  ];
}

function platformProblems({ linuxOnly }: RunNeeds, { platform }: MachineFacts): string[] {
  if (!linuxOnly || platform === 'linux') return [];
  return [`the scenario needs Linux, and this is ${platform}`];
}

function portProblems({ parameters, platform }: RunNeeds, { localPorts }: MachineFacts): string[] {
  if (!platform || localPorts === null) return [];
  const { addresses, devices } = parameters;
  if (localPorts * addresses >= devices) return [];
  return [
    `${devices} sessions, and ${addresses} loopback addresses with ${localPorts} local ports each ` +
      `hold ${localPorts * addresses}; use --addresses ${Math.ceil(devices / localPorts)}, or a ` +
      'wider net.ipv4.ip_local_port_range',
  ];
}

function diskProblems(needs: RunNeeds, { freeDiskBytes }: MachineFacts): string[] {
  if (!needs.platform || freeDiskBytes === null) return [];
  const { devices, duration, interval, warmUp } = needs.parameters;
  const intervalMs = interval === 'nominal' ? nominalIntervalMs : interval;
  const readings = devices * Math.ceil((warmUp + duration) / intervalMs + 1);
  const neededBytes = readings * bytesOfReading + diskReserveBytes;
  if (freeDiskBytes >= neededBytes) return [];
  return [
    `about ${readings} readings need ${mebibytes(neededBytes)} of disk, and ` +
      `${mebibytes(freeDiskBytes)} are free; free some, or set TMPDIR to another disk`,
  ];
}

function memoryProblems(needs: RunNeeds, { freeMemoryBytes }: MachineFacts): string[] {
  if (freeMemoryBytes === null) return [];
  const { devices } = needs.parameters;
  let neededBytes = bytesOfProcesses.simulator + devices * bytesOfSession.simulator;
  if (needs.platform) neededBytes += bytesOfProcesses.gateway + devices * bytesOfSession.gateway;
  if (needs.ownStore) neededBytes += bytesOfProcesses.store + devices * bytesOfSeries;
  if (freeMemoryBytes >= neededBytes) return [];
  return [
    `${devices} sessions need about ${mebibytes(neededBytes)} of memory here, and ` +
      `${mebibytes(freeMemoryBytes)} are free; use fewer --devices, or free some`,
  ];
}

function mebibytes(bytes: number): string {
  return `${Math.round(bytes / MiB)} MiB`;
}

/** The facts of this machine; `folder` lies on the disk the run uses. */
export function machineFacts(folder: string): MachineFacts {
  return {
    platform: process.platform,
    localPorts: orNull(() => {
      const range = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'utf8').trim();
      const [first, last] = range.split(/\s+/).map(Number) as [number, number];
      return last - first + 1;
    }),
    freeDiskBytes: orNull(() => {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    }),
    freeMemoryBytes: orNull(availableMemory),
  };
}

function orNull(read: () => number): number | null {
  try {
    return read();
  } catch {
    return null;
  }
}

/** @throws OnrampError `bench.machine-too-small`. */
export function checkMachine(needs: RunNeeds, folder: string): void {
  const problems = preflightProblems(needs, machineFacts(folder));
  if (problems.length > 0) throw new OnrampError('bench.machine-too-small', problems);
}
