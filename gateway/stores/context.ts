/** What a store is given besides its settings. */

import { readFile } from 'node:fs/promises';
import type { Clock } from '../../model/clock.ts';
import { messageOf, OnrampError } from '../../model/errors.ts';

/** Where a store reports what an operator should know; a pino logger is one. */
export interface StoreLogger {
  info(message: string): void;
  warn(message: string): void;
  error(message: string): void;
}

export interface StoreContext {
  readonly clock: Clock;
  readonly logger: StoreLogger;
  /** The gateway's data folder; it exists. */
  readonly dataFolder: string;
}

/** A secret by name: never itself in a configuration file. */
export interface SecretSource {
  /** Name of the setting, for messages. */
  readonly setting: string;
  readonly file?: string | undefined;
  readonly env?: string | undefined;
}

/**
 * The secret, without surrounding white space; null when none is configured.
 * @throws OnrampError `config.invalid` when its file or variable is missing or empty.
 */
export async function readSecret(source: SecretSource): Promise<string | null> {
  const { setting, file, env } = source;
  if (env !== undefined) {
    const value = process.env[env]?.trim();
    if (value) return value;
    throw new OnrampError('config.invalid', `${setting}Env: the variable ${env} is not set`);
  }
  if (file === undefined) return null;
  let value: string;
  try {
    value = (await readFile(file, 'utf8')).trim();
  } catch (error) {
    throw new OnrampError('config.invalid', `${setting}File: ${messageOf(error)}`);
  }
  if (value === '') throw new OnrampError('config.invalid', `${setting}File: ${file} is empty`);
  return value;
}
