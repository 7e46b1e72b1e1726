import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  lockExclusive,
  lockShared,
  tryLockExclusive,
} from '../../../gateway/data-folder/data-lock.ts';
import { systemClock } from '../../../model/clock.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

const program = fileURLToPath(new URL('../processes/hold-lock.ts', import.meta.url));

let data: string;
let path: string;
let children: ChildProcess[] = [];

beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'onramp-lock-'));
  path = join(data, 'lock');
});

afterEach(async () => {
  for (const child of children) await kill(child);
  children = [];
  await rm(data, { recursive: true });
});

/** A process that takes the lock; resolves with it once it has. */
async function holder(kind: 'exclusive' | 'shared'): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['--expose-gc', program, path, kind], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [said] = await once(child.stdout, 'data');
  expect(String(said)).toBe('held\n');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

const busy = { code: 'config.data-folder-busy' };

describe('a lock on the data folder', () => {
  it('keeps everybody else out, in other processes and in this one', async () => {
    const lock = tryLockExclusive(path)!;
    expect(tryLockExclusive(path)).toBeNull();
    expect(() => lockShared(path)).toThrow(expect.objectContaining(busy));
    lock.release();
    lock.release();
    const child = await holder('exclusive');
    expect(tryLockExclusive(path)).toBeNull();
    expect(() => lockShared(path)).toThrow(expect.objectContaining(busy));
    await kill(child);
    expect(tryLockExclusive(path)).not.toBeNull();
  });

  it('is shared with others that share it, until the last is gone', async () => {
    const own = lockShared(path);
    const first = await holder('shared');
    const second = await holder('shared');
    expect(tryLockExclusive(path)).toBeNull();
    await kill(first);
    own.release();
    expect(tryLockExclusive(path)).toBeNull();
    await kill(second);
    const exclusive = tryLockExclusive(path);
    expect(exclusive).not.toBeNull();
    exclusive?.release();
  });

  it('is waited for until its holder is killed', async () => {
    const child = await holder('shared');
    const waiting = lockExclusive(path, { timeoutMs: 30_000, clock: systemClock });
    await kill(child);
    const lock = await waiting;
    expect(tryLockExclusive(path)).toBeNull();
    lock.release();
  });

  it('is not waited for longer than asked', async () => {
    const lock = lockShared(path);
    const clock = new VirtualClock();
    let refused: unknown = null;
    const waiting = lockExclusive(path, { timeoutMs: 1000, clock }).catch((error) => {
      refused = error;
    });
    for (let ms = 0; ms < 1000; ms += 50) {
      expect(refused).toBeNull();
      clock.advance(50);
      await new Promise(setImmediate);
    }
    await waiting;
    expect(refused).toMatchObject(busy);
    lock.release();
  });

  it('leaves one empty file behind and nothing else, also when killed', async () => {
    await kill(await holder('exclusive'));
    expect(await readdir(data)).toEqual(['lock']);
    expect((await stat(path)).size).toBe(0);
    tryLockExclusive(path)!.release();
    expect(await readdir(data)).toEqual(['lock']);
  });

  it('fails plainly when there is no folder for it', () => {
    expect(() => tryLockExclusive(join(data, 'nowhere', 'lock'))).toThrow(/unable to open/);
  });
});
