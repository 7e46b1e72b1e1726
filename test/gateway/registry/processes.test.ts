// Several processes at one registry, one of which is killed with SIGKILL while it imports. What must
// hold: a reader sees a device as soon as add() has resolved; an import is there whole or not at all.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { openRegistry } from '../../../gateway/registry/sqlite/sqlite.ts';
import { systemClock } from '../../../model/clock.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';
import { openEmpty } from './open.ts';

function start(...args: string[]): ChildProcess {
  const script = new URL('./registry-process.ts', import.meta.url).pathname;
  const child = fork(script, args, { execArgv: [] });
  onTestFinished(() => void child.kill('SIGKILL'));
  return child;
}

async function nextMessage(child: ChildProcess): Promise<unknown> {
  const [message] = await once(child, 'message');
  return message;
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = child.exitCode === null ? once(child, 'exit') : null;
  child.kill('SIGKILL');
  await exited;
}

it('shows another process a device right after it was added', async () => {
  const { registry, path } = openEmpty();
  const child = start('reader', path);
  await nextMessage(child);
  for (let i = 0; i < 20; i++) {
    child.send(['acme', `d${i}`]);
    expect(await nextMessage(child)).toBe(false);
    await registry.add({ enterprise: 'acme', device: `d${i}`, profile: 'generic' });
    child.send(['acme', `d${i}`]);
    expect(await nextMessage(child)).toBe(true);
  }
});

async function devicesAfterCrash(path: string): Promise<number> {
  const registry = openRegistry({ path, clock: systemClock, sealKey: Buffer.alloc(32, 1) });
  const { devices } = await registry.counts();
  await registry.add({ enterprise: 'bolt', device: 'after', profile: 'generic' });
  await registry.close();
  const db = new DatabaseSync(path);
  expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  db.close();
  return devices;
}

it('leaves nothing of an import that is killed half-way', async () => {
  const path = join(temporaryFolder(), 'registry.db');
  const child = start('hang', path, '5000');
  expect(await nextMessage(child)).toBe('staged');
  await kill(child);
  expect(await devicesAfterCrash(path)).toBe(0);
});

it.each([0, 20, 60, 120, 200])(
  'has an import whole or not at all when killed %i ms after its last row',
  async (delayMs) => {
    const path = join(temporaryFolder(), 'registry.db');
    const child = start('merge', path, '20000');
    expect(await nextMessage(child)).toBe('staged');
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    await kill(child);
    expect([0, 20_000]).toContain(await devicesAfterCrash(path));
  },
);
