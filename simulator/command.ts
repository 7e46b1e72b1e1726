/** The `simulate` command. */

import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Command } from 'commander';
import { type Clock, systemClock } from '../model/clock.ts';
import { messageOf } from '../model/errors.ts';
import { openFilesLimit } from '../model/open-files-limit.ts';
import { platformApiOf, registerClaims } from './onboarding/register.ts';
import {
  needsFleetKey,
  type SimulationOptions,
  simulationFlags,
  simulationOptions,
} from './options.ts';
import { type ProgressOutput, progressWriter } from './progress.ts';
import type { SimulationReport } from './report.ts';
import { reportTable } from './report-table.ts';
import { runSimulation } from './run.ts';
import { sessionsMaxOf } from './shards/process-count.ts';

/** Where the gateway of the same folder keeps its fleet key. */
const fleetKeyFile = 'data/fleet.key';

const examples = `
Examples:
  onramp simulate                                     1,000 devices against this machine's gateway
  onramp simulate --devices 12500 --enterprises 1250 --interval 2500ms --duration 2m
  onramp simulate --interval nominal --report full --sensors --duration forever
  onramp simulate --target mqtts://10.0.0.5 --allow-host 10.0.0.5 --tls-ca ca.pem --fleet-key f.key
  onramp simulate --devices 100000 --enterprises 10000 --processes auto --spread-loopback
  onramp simulate --shard 1/4 --ledger ledger-1.ndjson --json     and 2/4, 3/4, 4/4 elsewhere
  onramp simulate --onboard claim --register --api http://127.0.0.1:8080 \\
    --api-token-file data/operator.token --credentials fleet.ndjson
                                        from an empty registry to the first rows, by claim
  onramp simulate --credentials fleet.ndjson                      the same devices come back

First rows are timed by the platform's clock and claims by this machine's: they must agree.

Exit codes: 0 done; 1 not every device could connect, or the row of one was not seen; 2 wrong usage;
4 invalid: the load was not the load asked for (the reasons are listed); 130 interrupted.`;

/** What the command needs of its process, replaceable in tests. */
export interface CommandEnvironment {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: ProgressOutput;
}

/** `onramp simulate`. Sets the exit code of the process. */
export function simulateCommand(): Command {
  const command = new Command('simulate')
    .description('Play a fleet of devices of a simulated city against any MQTT platform')
    .addHelpText('after', examples);
  for (const { flag, help } of simulationFlags()) command.option(flag, help);
  return command
    .option('--json', 'print the result as JSON')
    .action(async ({ json, ...flags }: Record<string, unknown>) => {
      const interruption = new AbortController();
      const onSignal = (): void => {
        if (interruption.signal.aborted) process.exit(130);
        interruption.abort();
      };
      process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
      process.exitCode = await simulate(flags, json === true, {
        clock: systemClock,
        signal: interruption.signal,
        stdout: process.stdout,
        stderr: process.stderr,
      });
      process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    });
}

/**
 * Runs with `flags` as the command line gives them and prints the result.
 * @returns the exit code.
 * @throws OnrampError when the run could not begin or nothing could connect.
 */
export async function simulate(
  flags: Readonly<Record<string, unknown>>,
  json: boolean,
  environment: CommandEnvironment,
): Promise<number> {
  const { clock, signal, stdout, stderr } = environment;
  const registered = await registerBeforeKey(flags);
  const options = readOptions(registered ? { ...flags, register: false } : flags);
  const progress = progressWriter(stderr);
  const { report } = await runSimulation(options, {
    clock,
    signal,
    sessionsMax: sessionsMaxOf(openFilesLimit()),
    cores: availableParallelism(),
    onProgress: (state) => progress.show(state),
  }).finally(() => progress.end());
  stdout.write(json ? `${JSON.stringify(report)}\n` : reportTable(report));
  return exitCode(report);
}

/** 130 interrupted, 4 invalid, 1 not every device connected or has its first row, 0 done. */
export function exitCode(report: SimulationReport): number {
  if (report.interrupted) return 130;
  if (!report.generator.valid) return 4;
  const { devices } = report.fleet;
  const stored = report.onboarding?.stored?.devices ?? devices;
  return report.connect.connected === devices && stored === devices ? 0 : 1;
}

/**
 * Registers the claims where the fleet key is not there yet, since a gateway makes its key when it
 * first needs it; true when it did. Everything else is checked before.
 */
async function registerBeforeKey(flags: Readonly<Record<string, unknown>>): Promise<boolean> {
  const keyFile = String(flags.fleetKey ?? fleetKeyFile);
  if (flags.register !== true || existsSync(keyFile)) return false;
  const options = readOptions(flags, false);
  await registerClaims(platformApiOf(options)!, options);
  return true;
}

/** Reads the files that flags name, so that what cannot be read is told with the rest. */
function readOptions(
  flags: Readonly<Record<string, unknown>>,
  withKey = needsFleetKey(flags),
): SimulationOptions {
  const problems: string[] = [];
  const read = (flag: string, path: unknown): string | undefined => {
    if (typeof path !== 'string') return undefined;
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      problems.push(`${flag}: ${messageOf(error)}`);
      return undefined;
    }
  };
  const key = withKey ? read('--fleet-key', flags.fleetKey ?? fleetKeyFile) : undefined;
  const token = read('--api-token-file', flags.apiTokenFile);
  const input = {
    ...flags,
    // What cannot be read is a problem already; a value only avoids a second one.
    fleetKey: key === undefined ? Buffer.alloc(32) : Buffer.from(key.trim(), 'base64url'),
    tlsCa: read('--tls-ca', flags.tlsCa),
    apiTokenFile: flags.apiTokenFile === undefined ? undefined : (token ?? 'unreadable'),
  };
  return simulationOptions(input, problems);
}
