/** A process and everything it starts, known by the folder for temporary files they share (Linux). */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A marked process, and how to find whoever lives of it and of those it started. */
export class MarkedProcess {
  readonly child: ChildProcess;
  /** Its temporary files, and those of all it starts. */
  readonly folder: string = mkdtempSync(join(tmpdir(), 'onramp-marked-'));
  stdout = '';
  stderr = '';

  constructor(args: readonly string[], environment: Readonly<Record<string, string>> = {}) {
    this.child = spawn(process.execPath, args, {
      env: { ...process.env, ...environment, TMPDIR: this.folder },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout!.on('data', (bytes) => {
      this.stdout += bytes;
    });
    this.child.stderr!.on('data', (bytes) => {
      this.stderr += bytes;
    });
  }

  /** Resolves with the exit code when it is gone and all it wrote is read. */
  ended(): Promise<number | null> {
    return new Promise((resolve) => this.child.once('close', (code) => resolve(code)));
  }

  /** Command lines of those that live, also of orphans: the folder is in their environment. */
  living(): string[] {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .flatMap((pid) => {
        try {
          if (!readFileSync(`/proc/${pid}/environ`, 'utf8').includes(this.folder)) return [];
          return [readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')];
        } catch {
          return [];
        }
      });
  }
}
