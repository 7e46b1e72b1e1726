/** Runs commands as `onramp` does, against a data folder or against a gateway that runs on it. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { type Command, CommanderError } from 'commander';
import { expect } from 'vitest';
import { startApi } from '../../../gateway/api/server.ts';
import type { CommandEnvironment } from '../../../gateway/commands/command-line.ts';
import { deadLettersCommand } from '../../../gateway/commands/dead-letters.ts';
import { registryCommand } from '../../../gateway/commands/registry.ts';
import { tryLockExclusive } from '../../../gateway/data-folder/data-lock.ts';
import { registryKeyIn } from '../../../gateway/data-folder/owner-file.ts';
import { paths } from '../../../gateway/data-folder/paths.ts';
import { openRegistry } from '../../../gateway/registry/sqlite/sqlite.ts';
import { DeadLetters } from '../../../gateway/shipping/dead-letters.ts';
import { type Clock, systemClock } from '../../../model/clock.ts';
import { ApiWorld, token } from '../api/api-world.ts';

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

const commands: Record<string, (environment: CommandEnvironment) => Command> = {
  registry: registryCommand,
  'dead-letters': deadLettersCommand,
};

/** Where a command runs. */
export interface Surroundings {
  /** A person sits there, and has typed what standard input holds. */
  readonly terminal?: boolean;
  readonly clock?: Clock;
  readonly env?: CommandEnvironment['env'];
}

/** Runs `onramp {args}`; `stdin` is what it may read. */
export async function run(
  args: readonly string[],
  stdin = '',
  { terminal = false, clock = systemClock, env = {} }: Surroundings = {},
): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  let exitCode = 0;
  const environment: CommandEnvironment = {
    clock,
    env,
    stdin: Object.assign(Readable.from([stdin]), { isTTY: terminal }),
    stdout: new Writable({
      write(piece, _encoding, done) {
        stdout += String(piece);
        done();
      },
    }),
    stderr: {
      write(text) {
        stderr += text;
      },
    },
    setExitCode(code) {
      exitCode = code;
    },
  };
  try {
    await commands[args[0]!]!(environment).parseAsync([...args.slice(1)], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    exitCode = error.exitCode === 0 ? 0 : 2;
  }
  return { stdout, stderr, exitCode };
}

/** A data folder, and what the tests do to it behind the commands' backs. */
export interface CommandWorld {
  readonly data: string;
  /** Runs a command on the folder. */
  run(args: readonly string[], stdin?: string, surroundings?: Surroundings): Promise<Outcome>;
  /** A file in a folder of its own. */
  file(name: string, content: string): string;
  withDeadLetters(body: (letters: DeadLetters) => Promise<void>): Promise<void>;
  withRegistry<T>(body: (registry: ReturnType<typeof openRegistry>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}

function fileIn(folder: string, name: string, content: string): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

/** No gateway runs. */
export async function stoppedWorld(): Promise<CommandWorld> {
  const files = mkdtempSync(join(tmpdir(), 'onramp-files-'));
  const data = mkdtempSync(join(tmpdir(), 'onramp-data-'));
  return {
    data,
    async run(args, stdin, surroundings) {
      const anywhere = [args[0]!, '--data', data, ...args.slice(1)];
      const outcome = await run(anywhere, stdin, surroundings);
      const notice = `No gateway runs on ${data}: opening its files.\n`;
      return { ...outcome, stderr: outcome.stderr.replace(notice, '') };
    },
    file: (name, content) => fileIn(files, name, content),
    async withDeadLetters(body) {
      const letters = new DeadLetters(paths(data).deadLetters);
      await body(letters).finally(() => letters.close());
    },
    async withRegistry(body) {
      const registry = openRegistry({
        path: paths(data).registry,
        clock: systemClock,
        sealKey: registryKeyIn(paths(data).registryKey),
      });
      return body(registry).finally(() => registry.close());
    },
    async close() {
      rmSync(data, { recursive: true });
      rmSync(files, { recursive: true });
    },
  };
}

/** A gateway runs: it holds the lock, and its API listens. */
export async function runningWorld(): Promise<CommandWorld & { readonly api: ApiWorld }> {
  const files = mkdtempSync(join(tmpdir(), 'onramp-files-'));
  const api = new ApiWorld();
  const data = api.folder;
  const lock = tryLockExclusive(paths(data).gatewayLock)!;
  const server = await startApi(api.context, { host: '127.0.0.1', port: 0 });
  writeFileSync(paths(data).operatorToken, `${token}\n`);
  writeFileSync(paths(data).runtime, JSON.stringify({ pid: process.pid, http: server.url }));
  return {
    api,
    data,
    run: (args, stdin, surroundings) =>
      run([...args, '--data', data], stdin, { clock: api.clock, ...surroundings }),
    file: (name, content) => fileIn(files, name, content),
    withDeadLetters: (body) => body(api.context.deadLetters),
    withRegistry: (body) => body(api.context.registry),
    async close() {
      await server.close();
      lock.release();
      await api.close();
      rmSync(files, { recursive: true });
    },
  };
}

/** Short ways to run `onramp registry` in a world: a line of words, or words that hold spaces. */
export class RegistryCommands {
  readonly #world: () => CommandWorld;

  constructor(world: () => CommandWorld) {
    this.#world = world;
  }

  run(line: string | readonly string[], stdin = '', surroundings?: Surroundings): Promise<Outcome> {
    const words = typeof line === 'string' ? line.split(' ') : line;
    return this.#world().run(['registry', ...words], stdin, surroundings);
  }

  /** What it prints, when it is done. */
  async ok(line: string | readonly string[], stdin = ''): Promise<string> {
    const { exitCode, stderr, stdout } = await this.run(line, stdin);
    expect(exitCode, stderr).toBe(0);
    return stdout;
  }

  // biome-ignore lint/suspicious/noExplicitAny: as `JSON.parse`.
  async json(line: string, stdin = ''): Promise<any> {
    return JSON.parse(await this.ok(`${line} --json`, stdin));
  }

  /** The code of the error it ends with, and its exit code. */
  async failure(line: string | readonly string[], stdin = ''): Promise<readonly [string, number]> {
    const { exitCode, stderr, stdout } = await this.run(line, stdin);
    expect(stdout).toBe('');
    return [/^error: ([a-z]+\.[a-z-]+): /m.exec(stderr)?.[1] ?? stderr, exitCode];
  }
}
