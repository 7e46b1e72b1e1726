/** Where a run takes place. */

import { readFileSync } from 'node:fs';
import { arch, cpus, platform, release, totalmem } from 'node:os';
import { openFilesLimit } from '../../model/open-files-limit.ts';
import type { RunReport } from '../../model/report.ts';

/** `store`: what the store says of itself; null when there was none to ask. */
export function environmentOf(store: string | null): RunReport['environment'] {
  const limit = openFilesLimit();
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return {
    onramp: (JSON.parse(manifest) as { version: string }).version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    node: process.version,
    platform: `${platform()} ${release()} ${arch()}`,
    descriptorLimit: Number.isFinite(limit) ? limit : null,
    store: store ?? 'unknown',
  };
}
