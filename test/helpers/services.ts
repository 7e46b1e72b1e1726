/** Programs that tests need, and ports for them. */

import { accessSync, constants } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';

/** Set in CI: a missing program fails the tests instead of skipping them. */
const required = process.env.ONRAMP_REQUIRE_SERVICES === '1';

/**
 * Path of `program`, or null when it is not installed: skip with `describe.skipIf(path === null)`.
 * It says so loudly, and throws when `ONRAMP_REQUIRE_SERVICES=1`.
 */
export function requireProgram(program: string): string | null {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/sbin'];
  for (const folder of folders) {
    const path = join(folder, program);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      // Not in this folder.
    }
  }
  return missing(`${program} is not installed`);
}

/** True when `program` is installed; else as `requireProgram`. */
export function programIsThere(program: string): boolean {
  return requireProgram(program) !== null;
}

/** Reports that something is missing, or throws when it must not be. */
export function missing(what: string): null {
  if (required) throw new Error(`${what}, and ONRAMP_REQUIRE_SERVICES=1`);
  process.stderr.write(`\n!!! SKIPPED: ${what}. Set ONRAMP_REQUIRE_SERVICES=1 to fail instead.\n`);
  return null;
}

/** A port that was free a moment ago, on loopback. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}
