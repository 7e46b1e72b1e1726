/** Decides how a command reaches the data folder it is meant for. */

import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import type { Clock } from '../../model/clock.ts';
import { messageOf, OnrampError } from '../../model/errors.ts';
import { tryLockExclusive } from '../data-folder/data-lock.ts';
import { paths } from '../data-folder/paths.ts';
import { FilesOperator } from './files-operator.ts';
import { HttpOperator } from './http-operator.ts';
import type { Operator } from './operator.ts';

/** Where a command is told to go. */
export interface OperatorOptions {
  /** Folder of the gateway on this machine. */
  readonly data: string;
  /** A gateway elsewhere. */
  readonly url?: string | undefined;
  readonly tokenFile?: string | undefined;
}

const runtimeFile = z.object({ http: z.url() });
const tlsRuntimeFile = z.object({ mqttTlsPort: z.int() });

/**
 * A gateway named by `url`; else the one that runs on the data folder; else, when none does, the
 * folder's files, which stay locked until `close`.
 * @throws OnrampError `config.invalid` when there is no such folder, `command.*`, `database.*`.
 */
export async function openOperator(options: OperatorOptions, clock: Clock): Promise<Operator> {
  const data = paths(options.data);
  const token = () => readText(options.tokenFile ?? data.operatorToken).trim();
  if (options.url !== undefined) return new HttpOperator(options.url, token());
  if (!existsSync(data.data)) {
    throw new OnrampError(
      'config.invalid',
      `there is no data folder ${data.data}: name it with --data, or start the gateway once`,
    );
  }
  const lock = tryLockExclusive(data.gatewayLock);
  if (lock === null) return new HttpOperator(runningUrl(data.runtime), token());
  try {
    return await FilesOperator.open(data, lock, clock);
  } catch (error) {
    lock.release();
    throw error;
  }
}

/** The port for MQTT over TLS of the gateway that runs on the folder; null when it is not known. */
export function runningTlsPort({ data: folder, url }: OperatorOptions): number | null {
  const data = paths(folder);
  if (url !== undefined || !existsSync(data.gatewayLock)) return null;
  const lock = tryLockExclusive(data.gatewayLock);
  lock?.release();
  if (lock !== null) return null;
  return tlsRuntimeFile.safeParse(runtimeIn(data.runtime)).data?.mqttTlsPort ?? null;
}

/** What the gateway wrote when it was ready, and removes when it stops; null when it did not. */
function runtimeIn(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return null;
  }
}

/** Where the gateway that holds the lock says it listens. */
function runningUrl(runtimePath: string): string {
  const runtime = runtimeFile.safeParse(runtimeIn(runtimePath));
  if (runtime.success) return runtime.data.http;
  throw new OnrampError('command.gateway-unreachable', 'it is starting or stopping');
}

/** The text of a small file. @throws OnrampError `command.file-unreadable`. */
export function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new OnrampError('command.file-unreadable', messageOf(error), error);
  }
}
