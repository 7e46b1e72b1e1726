/** A real file system of a few megabytes that can be filled up and freed again (Linux, as root). */

import { execFileSync } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, rmdirSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export class SmallDisk {
  readonly folder: string;

  /** Mounts a tmpfs of `bytes`. Throws when that is not allowed. */
  constructor(bytes: number) {
    this.folder = mkdtempSync(join(tmpdir(), 'onramp-disk-'));
    try {
      const options = ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tmpfs', this.folder];
      execFileSync('mount', options, { stdio: 'pipe' });
    } catch (error) {
      rmdirSync(this.folder);
      throw error;
    }
  }

  /** Takes all the space that is left. */
  fill(): void {
    const file = openSync(this.#filler, 'a');
    try {
      for (const bytes of [65_536, 4096, 1]) this.#write(file, Buffer.alloc(bytes));
    } finally {
      closeSync(file);
    }
  }

  #write(file: number, block: Buffer): void {
    for (;;) {
      try {
        if (writeSync(file, block) < block.length) return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
        return;
      }
    }
  }

  /** Gives back what `fill` took. */
  free(): void {
    rmSync(this.#filler, { force: true });
  }

  remove(): void {
    execFileSync('umount', [this.folder], { stdio: 'pipe' });
    rmdirSync(this.folder);
  }

  get #filler(): string {
    return join(this.folder, 'filler');
  }
}

/**
 * True when this machine lets the tests mount one. When not, says so, and with
 * ONRAMP_REQUIRE_SERVICES=1 it throws instead, unless ONRAMP_NO_MOUNT=1 says that nothing can be
 * mounted here.
 */
export function smallDisksWork(): boolean {
  try {
    new SmallDisk(65_536).remove();
    return true;
  } catch (error) {
    const mayBeMissing = process.env.ONRAMP_NO_MOUNT === '1';
    if (process.env.ONRAMP_REQUIRE_SERVICES === '1' && !mayBeMissing) throw error;
    process.stderr.write('SKIPPED: tests on a full disk need to mount a tmpfs (Linux, as root).\n');
    return false;
  }
}
