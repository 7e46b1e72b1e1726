/** Where a run keeps everything: a temporary folder that goes with it. */

import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const named = /^onramp-bench-(\d+)-/;

/**
 * A new folder, removed with `remove`. What a process leaves that is killed, or ends at once while
 * others write there still, the next run removes.
 */
export class RunFolder {
  readonly path: string;

  constructor() {
    removeOrphans();
    this.path = mkdtempSync(join(tmpdir(), `onramp-bench-${process.pid}-`));
  }

  remove(): void {
    removeFolder(this.path);
  }
}

/** Folders of processes that are no more. */
function removeOrphans(): void {
  for (const name of readdirSync(tmpdir())) {
    const owner = Number(named.exec(name)?.[1]);
    if (Number.isSafeInteger(owner) && !isAlive(owner)) removeFolder(join(tmpdir(), name));
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** As far as it can: what is somebody else's stays. */
function removeFolder(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {
    // Somebody else's, or somebody writes there still.
  }
}
