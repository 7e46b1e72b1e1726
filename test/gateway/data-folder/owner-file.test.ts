import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { registryKeyIn } from '../../../gateway/data-folder/owner-file.ts';
import { OnrampError } from '../../../model/errors.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

afterEach(() => vi.unstubAllEnvs());

const elsewhere = Buffer.alloc(32, 7);

function failure(body: () => unknown): string {
  try {
    body();
  } catch (error) {
    if (error instanceof OnrampError) return error.message;
    throw error;
  }
  return 'it did not fail';
}

it('makes the key of the registry once, for its owner only', () => {
  const path = join(temporaryFolder(), 'data', 'registry.key');
  const key = registryKeyIn(path);
  expect(key).toHaveLength(32);
  expect(registryKeyIn(path)).toEqual(key);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(registryKeyIn(join(temporaryFolder(), 'registry.key'))).not.toEqual(key);
});

it('takes the key from the environment before the file, and then writes none', () => {
  const path = join(temporaryFolder(), 'registry.key');
  vi.stubEnv('ONRAMP_REGISTRY_KEY', ` ${elsewhere.toString('base64url')}\n`);
  expect(registryKeyIn(path)).toEqual(elsewhere);
  expect(() => readFileSync(path)).toThrow(/ENOENT/);
  vi.stubEnv('ONRAMP_REGISTRY_KEY', '');
  expect(registryKeyIn(path)).not.toEqual(elsewhere);
});

it('refuses a key that is none, and does not repeat it', () => {
  const path = join(temporaryFolder(), 'registry.key');
  writeFileSync(path, 'too-short\n');
  expect(failure(() => registryKeyIn(path))).toMatch(/^config\.invalid.*registry\.key must be 32/);
  vi.stubEnv('ONRAMP_REGISTRY_KEY', 'x'.repeat(44));
  const message = failure(() => registryKeyIn(path));
  expect(message).toMatch(/^config\.invalid.*ONRAMP_REGISTRY_KEY must be 32/);
  expect(message).not.toContain('xxx');
});
