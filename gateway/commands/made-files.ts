/** Files that commands make: keys for their owner only, certificates for everybody. */

import { existsSync, writeFileSync } from 'node:fs';
import { messageOf, OnrampError } from '../../model/errors.ts';
import { secretBytes } from '../../model/random.ts';
import { writeOwnerFile } from '../data-folder/owner-file.ts';
import { readText } from './open-operator.ts';

/** As many as a block of SHA-256 has: more would be shortened, fewer filled up (RFC 2104 §2). */
const generatedKeyBytes = 64;

/**
 * The group key in a file, in Base64; made there, for its owner only, when there is no such file. It
 * stays, so that whoever asks again asks with the same key.
 * @throws OnrampError `command.file-unreadable`, `command.file-unwritable`.
 */
export function keyIn(path: string): string {
  if (existsSync(path)) return readText(path).trim();
  const key = secretBytes(generatedKeyBytes).toString('base64');
  writeNew(path, `${key}\n`, 0o600);
  return key;
}

/** Writes a file that is not there yet. @throws OnrampError `command.file-unwritable`. */
export function writeNew(path: string, content: string, mode: number): void {
  written(() => writeFileSync(path, content, { flag: 'wx', mode, flush: true }));
}

/** Writes a file for its owner only, in place of one that may be there. @throws as `writeNew`. */
export function replaceOwned(path: string, content: string): void {
  written(() => writeOwnerFile(path, content));
}

function written(write: () => void): void {
  try {
    write();
  } catch (error) {
    throw new OnrampError('command.file-unwritable', messageOf(error), error);
  }
}
