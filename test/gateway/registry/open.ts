import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { Registry, RegistryReader } from '../../../gateway/registry/registry.ts';
import { openReader, openRegistry } from '../../../gateway/registry/sqlite/sqlite.ts';
import { type Clock, systemClock } from '../../../model/clock.ts';
import type { ErrorCode } from '../../../model/errors.ts';
import { OnrampError } from '../../../model/errors.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const sealKey = Buffer.alloc(32, 1);

export interface Opened {
  readonly path: string;
  readonly registry: Registry;
  reader(): RegistryReader;
}

/** An empty registry, closed when the running test has ended. */
export function openEmpty(clock: Clock = systemClock): Opened {
  const path = join(temporaryFolder(), 'registry.db');
  const registry = openRegistry({ path, clock, sealKey });
  onTestFinished(() => registry.close());
  return {
    path,
    registry,
    reader() {
      const reader = openReader(path, sealKey);
      onTestFinished(() => reader.close());
      return reader;
    },
  };
}

/** The code and details that `promise` rejects with. */
export async function failureOf(
  promise: Promise<unknown>,
): Promise<{ code: ErrorCode; details: readonly string[] }> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (reason) => reason,
  );
  if (!(error instanceof OnrampError)) throw error;
  return { code: error.code, details: error.details };
}
