/**
 * Injected: processes that die, that fail, that cannot be made (a real spawn that fails, a fork that
 * throws), that do not stop. Must hold: only what was ready once is started again, after a delay
 * that grows and begins anew after a healthy life; every `stop` resolves when it is gone.
 */

import { type ChildProcess, fork } from 'node:child_process';
import { EventEmitter } from 'node:events';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  type Ended,
  type Heard,
  RestartedProcess,
  type RestartedProcessOptions,
} from '../../../gateway/processes/restarted-process.ts';
import { eventually } from '../../helpers/eventually.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import type { Greeting, Said } from './obedient.ts';

const program = new URL('./obedient.ts', import.meta.url);

function hear(message: Said): Heard<number> | null {
  if (message.type === 'ready') return { ready: message.address };
  return message.type === 'failed' ? { failed: new Error(message.message) } : null;
}

/** One whose processes are `fork`ed, on a virtual clock, with what was heard of it. */
function restarted(
  fork: () => ChildProcess,
  more: Partial<RestartedProcessOptions<number, Said, Greeting>> = {},
) {
  const clock = new VirtualClock();
  const ends: Ended[] = [];
  const readies: [address: number, restarted: boolean][] = [];
  const options: RestartedProcessOptions<number, Said, Greeting> = {
    name: 'the test',
    clock,
    pace: { delayMs: 100, delayMaxMs: 400, healthyAfterMs: 5000 },
    stopTimeoutMs: 10_000,
    fork,
    greeting: () => ({ type: 'start', as: 'good' }),
    hear,
    onReady: (...ready) => readies.push(ready),
    onEnded: (ended) => ends.push(ended),
    ...more,
  };
  return { process: new RestartedProcess(options), clock, ends, readies };
}

/** A child that does nothing by itself. */
class FakeChild extends EventEmitter {
  readonly pid: number | undefined;
  connected = true;
  readonly sent: unknown[] = [];
  readonly signals: string[] = [];

  constructor(pid?: number) {
    super();
    this.pid = pid;
  }

  send(message: unknown): void {
    this.sent.push(message);
  }

  kill(signal: string): void {
    this.signals.push(signal);
  }
}

/** Forks fakes; what it is `short` of, it throws. */
function fakeForks() {
  const children: FakeChild[] = [];
  const forks = { children, short: null as Error | null, fork };
  function fork(): ChildProcess {
    if (forks.short) throw forks.short;
    const child = new FakeChild(children.length + 1);
    children.push(child);
    return child as unknown as ChildProcess;
  }
  return forks;
}

describe('with real processes', () => {
  const start = (as: Greeting['as'], more = {}) => {
    const world = restarted(() => fork(program), {
      greeting: () => ({ type: 'start', as }),
      ...more,
    });
    onTestFinished(() => {
      const { pid } = world.process;
      if (pid !== null) process.kill(pid, 'SIGKILL');
    });
    return world;
  };

  test('one that is killed is started again, but not before its delay', async () => {
    const { process: running, clock, ends, readies } = start('good');
    const first = await running.start();
    expect(running.pid).toBe(first);
    process.kill(first, 'SIGKILL');
    await eventually(() => ends).toEqual([{ how: 'SIGKILL', pid: first, again: true }]);
    clock.advance(99);
    expect(running.pid).toBeNull();
    clock.advance(1);
    const second = running.pid!;
    await eventually(() => readies).toEqual([
      [first, false],
      [second, true],
    ]);
    await Promise.all([running.stop(), running.stop()]);
    expect(ends.at(-1)).toEqual({ how: 'code 0', pid: second, again: false });
    expect(() => process.kill(second, 0)).toThrow('ESRCH');
  });

  test('one that fails before it was ever ready is not started again, and says why', async () => {
    const { process: running, clock, ends } = start('failing');
    await expect(running.start()).rejects.toThrow('the port is taken');
    expect(ends).toEqual([
      { how: 'the port is taken', pid: expect.any(Number) as number, again: false },
    ]);
    expect(clock.pending).toBe(0);
    await running.stop();
  });

  test('one that does not stop is killed', async () => {
    const { process: running, clock, ends } = start('deaf');
    const pid = await running.start();
    const stopped = running.stop();
    clock.advance(10_000);
    await stopped;
    expect(ends).toEqual([{ how: 'SIGKILL', pid, again: false }]);
    expect(clock.pending).toBe(0);
  });

  test('one that cannot be made at the first start is its failure', async () => {
    const broken = () => fork(program, { execPath: '/nonexistent/node' });
    const { process: running, clock, ends } = restarted(broken);
    await expect(running.start()).rejects.toThrow('ENOENT');
    expect(ends).toMatchObject([{ pid: undefined, again: false }]);
    expect(clock.pending).toBe(0);
    await running.stop();
  });

  test('one that cannot be made again is tried until it can', async () => {
    let execPath = process.execPath;
    const {
      process: running,
      clock,
      ends,
      readies,
    } = start('good', {
      fork: () => fork(program, { execPath }),
    });
    process.kill(await running.start(), 'SIGKILL');
    await eventually(() => ends.length).toBe(1);
    execPath = '/nonexistent/node';
    for (let tries = 2; tries <= 4; tries++) {
      clock.advance(400);
      await eventually(() => ends.length).toBe(tries);
      expect(ends.at(-1)).toMatchObject({ pid: undefined, again: true });
    }
    execPath = process.execPath;
    clock.advance(400);
    await eventually(() => readies.length).toBe(2);
    await running.stop();
  });
});

describe('with processes at hand', () => {
  const ready = (child: FakeChild | undefined) =>
    child!.emit('message', { type: 'ready', address: child!.pid });

  /** Milliseconds until there is another child. */
  function waitFor(children: readonly FakeChild[], clock: VirtualClock): number {
    const before = children.length;
    let waited = 0;
    for (; children.length === before && waited < 10_000; waited++) clock.advance(1);
    return waited;
  }

  test('the delay doubles up to its limit, and begins anew after a healthy life', async () => {
    const { children, fork } = fakeForks();
    const { process: running, clock } = restarted(fork);
    const started = running.start();
    ready(children[0]);
    expect(await started).toBe(1);
    const delays: number[] = [];
    for (const livedMs of [0, 0, 5000, 0, 5001, 0]) {
      clock.advance(livedMs);
      children.at(-1)!.emit('exit', 1, null);
      delays.push(waitFor(children, clock));
      ready(children.at(-1));
    }
    expect(delays).toEqual([100, 200, 400, 400, 100, 200]);
  });

  test('a fork that throws counts as an end', async () => {
    const forks = fakeForks();
    const { process: running, clock, ends } = restarted(forks.fork);
    const started = running.start();
    ready(forks.children[0]);
    await started;
    forks.short = new Error('spawn ENOMEM');
    forks.children[0]!.emit('exit', null, 'SIGKILL');
    clock.advance(100 + 200);
    expect(ends.map(({ how }) => how)).toEqual(['SIGKILL', 'spawn ENOMEM', 'spawn ENOMEM']);
    forks.short = null;
    clock.advance(400);
    expect(forks.children).toHaveLength(2);
    await Promise.all([running.stop(), forks.children[1]!.emit('exit', 0, null)]);
  });

  test('an error of a running process is not its end', async () => {
    const { children, fork } = fakeForks();
    const { process: running, ends } = restarted(fork);
    const started = running.start();
    ready(children[0]);
    await started;
    children[0]!.emit('error', new Error('kill EPERM'));
    expect(ends).toEqual([]);
    expect(running.pid).toBe(1);
  });

  test('an error and an exit are one end', async () => {
    const child = new FakeChild();
    const { process: running, ends } = restarted(() => child as unknown as ChildProcess);
    const started = running.start();
    child.emit('error', new Error('spawn EAGAIN'));
    child.emit('exit', -11, null);
    await expect(started).rejects.toThrow('spawn EAGAIN');
    expect(ends).toEqual([{ how: 'spawn EAGAIN', pid: undefined, again: false }]);
  });

  test('stopped while it waits for its next try, it stays away', async () => {
    const { children, fork } = fakeForks();
    const { process: running, clock } = restarted(fork);
    const started = running.start();
    ready(children[0]);
    await started;
    children[0]!.emit('exit', 1, null);
    await running.stop();
    await running.stop();
    clock.advance(60_000);
    expect(children).toHaveLength(1);
  });

  test('stopped before it is ready, it is not kept running', async () => {
    const { children, fork } = fakeForks();
    const { process: running, ends } = restarted(fork);
    const started = running.start();
    const stopped = running.stop();
    ready(children[0]);
    children[0]!.emit('exit', 0, null);
    await Promise.all([started, stopped]);
    expect(children[0]!.sent).toEqual([{ type: 'start', as: 'good' }, { type: 'stop' }]);
    expect(ends).toMatchObject([{ again: false }]);
  });

  test('what a process says after its end is not heard', async () => {
    const { children, fork } = fakeForks();
    const heard: Said[] = [];
    const { process: running } = restarted(fork, {
      hear: (message) => {
        heard.push(message);
        return hear(message);
      },
    });
    const started = running.start();
    children[0]!.emit('exit', 1, null);
    children[0]!.emit('message', { type: 'other' });
    await expect(started).rejects.toThrow('code 1');
    expect(heard).toEqual([]);
  });
});
