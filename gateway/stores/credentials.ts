/**
 * Settings that stores behind HTTP share, and how their server is told who we are: secrets by name,
 * never themselves in a configuration.
 */

import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { messageOf, OnrampError } from '../../model/errors.ts';

/** A setting that names the file of a secret. */
export const secretFile = (what: string) =>
  z.string().min(1).optional().describe(`File that holds the ${what}.`);

/** A setting that names the environment variable of a secret. */
export const secretEnv = (what: string) =>
  z
    .string()
    .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must be the name of an environment variable')
    .optional()
    .describe(`Environment variable that holds the ${what}.`);

/** The address of a server. */
export const serverUrl = (byDefault: string) =>
  z
    .url({ protocol: /^https?$/ })
    .default(byDefault)
    .refine((url) => !/\/\/[^/]*@/.test(url), 'must not hold credentials');

/** What holds the rows of one gateway apart from others' in the same server. */
export const databaseName = z
  .string()
  .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'must be letters, digits, "_", "." and "-"')
  .max(64)
  .default('onramp');

/** How long a server has for its answers. */
export const answerTimes = {
  writeTimeoutMs: z
    .int()
    .min(100)
    .max(600_000)
    .default(30_000)
    .describe('A write without an answer for so long is offered again.'),
  queryTimeoutMs: z
    .int()
    .min(100)
    .max(3_600_000)
    .default(120_000)
    .describe('A query without its whole answer for so long fails.'),
};

/** A secret by name. */
interface SecretSource {
  /** Name of the setting, for messages. */
  readonly setting: string;
  readonly file?: string | undefined;
  readonly env?: string | undefined;
}

/**
 * The secret, without surrounding white space; null when none is configured.
 * @throws OnrampError `config.invalid` when its file or variable is missing or empty.
 */
async function readSecret(source: SecretSource): Promise<string | null> {
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

/** The settings of a store that say who we are. */
export interface Credentials {
  readonly username?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly passwordEnv?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly tokenEnv?: string | undefined;
}

/**
 * Value of the Authorization header: a token before user and password; null for neither.
 * @throws OnrampError `config.invalid` when a file or variable is missing or empty.
 */
export async function readAuthorization(
  credentials: Credentials,
  tokenScheme: 'Bearer' | 'Token',
): Promise<string | null> {
  const { username, passwordFile, passwordEnv, tokenFile, tokenEnv } = credentials;
  const token = await readSecret({ setting: 'store.token', file: tokenFile, env: tokenEnv });
  const password = await readSecret({
    setting: 'store.password',
    file: passwordFile,
    env: passwordEnv,
  });
  if (token !== null) return `${tokenScheme} ${token}`;
  if (username === undefined) return null;
  return `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}`;
}
