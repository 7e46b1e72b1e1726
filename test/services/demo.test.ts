/**
 * The demo as a person starts it. Injected: a limit of open files that one process cannot hold the
 * fleet in; one that even 64 cannot. Must hold: as many processes as it takes, every device a
 * session and a row; else what to do is said, and nothing is left running.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { GatewayClient } from '../../benchmarks/gateway-client.ts';
import { eventually } from '../helpers/eventually.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';

/** Starts it where a process may open `openFiles` files; what it says is kept. */
function start(openFiles: number, ...flags: string[]) {
  const data = join(temporaryFolder(), 'demo');
  const command = ['onramp.ts', 'demo', '--data', data, '--http-port', '0', '--mqtt-port', '0'];
  const limited = `ulimit -n ${openFiles} && exec "$@"`;
  const child = spawn('sh', ['-c', limited, 'sh', process.execPath, ...command, ...flags]);
  const told = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    told.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    told.stderr += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once('exit', resolve));
  onTestFinished(async () => {
    await stop(child, ended);
  });
  return { data, ended, stop: () => stop(child, ended), told };
}

async function stop(child: ChildProcess, ended: Promise<number | null>): Promise<number | null> {
  if (child.exitCode === null) child.kill('SIGINT');
  return ended;
}

describe.skipIf(process.platform !== 'linux')('where a process may open few files', () => {
  test('the fleet is spread over several, on both sides', async () => {
    const flags = ['--devices', '400', '--enterprises', '40', '--interval', '1s'];
    const demo = start(400, ...flags);
    await eventually(() => demo.told.stdout).toContain('/#token=');
    const [url, token] = demo.told.stdout.trim().split('/#token=');
    const client = new GatewayClient(url!, token!);
    const state = async () => {
      const { onboarding, workers } = await client.summary();
      return [workers.length > 2, onboarding?.city.production.online];
    };
    await eventually(state).toEqual([true, 400]);
    const { workers } = await client.summary();
    for (const { pid, sessions } of workers) {
      expect(sessions).toBeLessThan(264);
      expect(readFileSync(`/proc/${pid}/limits`, 'utf8')).toMatch(/Max open files +400 /);
    }
    expect(await demo.stop()).toBe(0);
    for (const { pid } of workers) expect(() => process.kill(pid, 0)).toThrow('ESRCH');
  }, 90_000);

  test('the whole city is refused where it would need too many, with what would do', async () => {
    const demo = start(1024, '--city');
    expect(await demo.ended).toBe(2);
    expect(demo.told.stderr).toContain('config.open-files-limit');
    expect(demo.told.stderr).toMatch(/ulimit -n \d+ would do/);
    expect(demo.told.stdout).toBe('');
  }, 60_000);
});
