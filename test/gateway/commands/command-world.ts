/** Runs commands as `onramp` does, against a data folder or against a gateway that runs on it. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { type Command, CommanderError } from 'commander';
import { startApi } from '../../../gateway/api/server.ts';
import type { CommandEnvironment } from '../../../gateway/commands/command-line.ts';
import { deadLettersCommand } from '../../../gateway/commands/dead-letters.ts';
import { registryCommand } from '../../../gateway/commands/registry.ts';
import { tryLockExclusive } from '../../../gateway/data-lock.ts';
import { registryKeyIn } from '../../../gateway/owner-file.ts';
import { paths } from '../../../gateway/paths.ts';
import { openRegistry } from '../../../gateway/registry/sqlite.ts';
import { DeadLetters } from '../../../gateway/shipping/dead-letters.ts';
import { systemClock } from '../../../model/clock.ts';
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

/** Runs `onramp {args}`; `stdin` is what it may read. */
export async function run(args: readonly string[], stdin = ''): Promise<Outcome> {
  let stdout = '';
  let stderr = '';
  let exitCode = 0;
  const environment: CommandEnvironment = {
    clock: systemClock,
    stdin: Readable.from([stdin]),
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
  run(args: readonly string[], stdin?: string): Promise<Outcome>;
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
    async run(args, stdin) {
      const outcome = await run([args[0]!, '--data', data, ...args.slice(1)], stdin);
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
    run: (args, stdin) => run([...args, '--data', data], stdin),
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
