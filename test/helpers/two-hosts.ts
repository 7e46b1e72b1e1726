/**
 * Two hosts on a network of their own: two network namespaces of Linux joined by a cable, so that
 * what runs in one reaches the other by an address that is not loopback, and nothing else.
 */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { missing, requireProgram } from './services.ts';

/** What a command printed and how it ended. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const prefixBits = 24;

/** One of the two. */
export class Host {
  readonly address: string;
  readonly #namespace: string;

  constructor(namespace: string, address: string) {
    this.#namespace = namespace;
    this.address = address;
  }

  /** Starts a program on this host. Its pid is the program's. */
  start(command: readonly string[], cwd: string): ChildProcess {
    return spawn('ip', ['netns', 'exec', this.#namespace, ...command], { cwd });
  }

  /** Runs a program to its end; one that takes 30 s is ended. */
  async run(command: readonly string[], cwd: string): Promise<Ran> {
    const child = this.start(['timeout', '30', ...command], cwd);
    const [stdout, stderr, code] = await Promise.all([
      textOf(child.stdout!),
      textOf(child.stderr!),
      new Promise<number | null>((resolve, reject) => {
        child.once('error', reject);
        child.once('exit', resolve);
      }),
    ]);
    return { code, stdout, stderr };
  }
}

export class TwoHosts {
  readonly first: Host;
  readonly second: Host;
  readonly #names: readonly string[];

  private constructor(names: readonly [string, string]) {
    this.#names = names;
    const addresses = ['10.231.64.1', '10.231.64.2'] as const;
    this.first = new Host(names[0], addresses[0]);
    this.second = new Host(names[1], addresses[1]);
    const [one, two] = [`a${process.pid}`, `b${process.pid}`];
    ip('link', 'add', one, 'netns', names[0], 'type', 'veth', 'peer', two, 'netns', names[1]);
    for (const [at, device] of [one, two].entries()) {
      const address = `${addresses[at]}/${prefixBits}`;
      ip('-n', names[at]!, 'addr', 'add', address, 'dev', device);
      ip('-n', names[at]!, 'link', 'set', device, 'up');
      ip('-n', names[at]!, 'link', 'set', 'lo', 'up');
    }
  }

  /**
   * Null, said loudly, where namespaces cannot be made. With ONRAMP_REQUIRE_SERVICES=1 it throws
   * instead, unless ONRAMP_NO_NAMESPACES=1 says that this machine forbids them.
   */
  static open(): TwoHosts | null {
    if (process.env.ONRAMP_NO_NAMESPACES === '1') {
      process.stderr.write('\n!!! SKIPPED: no network namespace may be made here.\n');
      return null;
    }
    if (requireProgram('ip') === null) return null;
    const names = [`onramp-a-${process.pid}`, `onramp-b-${process.pid}`] as const;
    try {
      for (const name of names) ip('netns', 'add', name);
      return new TwoHosts(names);
    } catch (error) {
      remove(names);
      return missing(`network namespaces cannot be made here (${(error as Error).message.trim()})`);
    }
  }

  /** Removes both hosts and their cable. What runs there is to be ended before. */
  close(): void {
    remove(this.#names);
  }
}

function ip(...args: readonly string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}

function remove(names: readonly string[]): void {
  for (const name of names) {
    try {
      ip('netns', 'del', name);
    } catch {
      // It was not there.
    }
  }
}

async function textOf(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const piece of stream) text += String(piece);
  return text;
}
