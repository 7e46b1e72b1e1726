/** Small files that only their owner may read: tokens and keys. */

import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { OnrampError } from '../../model/errors.ts';
import { secretBytes } from '../../model/random.ts';

/** A key of AES-256. */
const registryKeyBytes = 32;

/**
 * The secret in a file: 256 bits in base64url, made and written for its owner when there is none.
 */
export function secretIn(path: string): string {
  if (existsSync(path)) return readFileSync(path, 'utf8').trim();
  const secret = secretBytes(32).toString('base64url');
  writeOwnerFile(path, `${secret}\n`);
  return secret;
}

/** The key in a file, from which secrets of simulated fleets derive; made when there is none. */
export function fleetKeyIn(path: string): Buffer {
  return Buffer.from(secretIn(path), 'base64url');
}

/**
 * The 32-byte key that keeps group keys in the registry unreadable to whoever has only its file:
 * the environment variable `ONRAMP_REGISTRY_KEY` (base64url), else what is in the file, made when
 * there is none. Throws `config.invalid` when it is no such key.
 */
export function registryKeyIn(path: string): Buffer {
  const given = process.env.ONRAMP_REGISTRY_KEY?.trim();
  const key = Buffer.from(given || secretIn(path), 'base64url');
  if (key.length === registryKeyBytes) return key;
  const from = given ? 'ONRAMP_REGISTRY_KEY' : path;
  throw new OnrampError('config.invalid', `${from} must be 32 bytes in base64url`);
}

/** Writes a file at once, durably, and readable by its owner only. */
export function writeOwnerFile(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.new`;
  const file = openSync(temporary, 'w', 0o600);
  try {
    writeFileSync(file, content);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(temporary, path);
  syncFolder(dirname(path));
}

/** Makes the new name durable; Windows neither needs nor allows it. */
function syncFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const handle = openSync(folder, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
