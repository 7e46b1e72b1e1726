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

/** The file's content; when there is none, `make` decides it, and it is written for its owner only. */
export function readOrMake(path: string, make: () => string): { content: string; made: boolean } {
  if (existsSync(path)) return { content: readFileSync(path, 'utf8').trim(), made: false };
  const content = make();
  writeOwnerFile(path, `${content}\n`);
  return { content, made: true };
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
