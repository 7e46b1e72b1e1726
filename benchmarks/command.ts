/** The `bench` command. */

import { Command, Option } from 'commander';
import { systemClock } from '../model/clock.ts';
import { messageOf } from '../model/errors.ts';
import type { RunReport } from '../model/report.ts';
import { interruptible } from './harness/interruption.ts';
import { prepareFolder, writeReport } from './harness/output.ts';
import { allScenarios, isOwnServer, type Plan, planRuns } from './harness/plan.ts';
import { ProgressWriter } from './harness/progress.ts';
import { runScenario } from './harness/run.ts';
import { influxdInstalled } from './harness/run-store.ts';
import { table } from './harness/table.ts';
import type { TargetFlags } from './harness/target-settings.ts';
import { exitCodeOf, interruptedExitCode } from './harness/verdict.ts';
import { scenarios } from './scenarios/index.ts';
import { parameterFlags } from './scenarios/parameters.ts';

interface Flags extends TargetFlags {
  readonly size?: 'smoke' | 'full';
  readonly store?: string;
  readonly out?: string;
  readonly json?: true;
}

/** `onramp bench`. Sets the exit code: 3 a threshold failed, 4 the run is invalid. */
export function benchCommand(): Command {
  const names = [...Object.keys(scenarios), allScenarios].join(', ');
  const command = new Command('bench')
    .description('Run a benchmark scenario and judge it')
    .argument('[scenario]', `${names}, or a file such as my.yaml`, 'city')
    .addOption(
      new Option('--size <size>', 'parameters and thresholds (default: smoke)').choices([
        'smoke',
        'full',
      ]),
    )
    .option(
      '--store <store>',
      'embedded, influxdb or victoriametrics (a server of its own), or a URL (default: embedded)',
    )
    .option('--target <url>', 'play against this platform, mqtt://host:port, and start no gateway')
    .option('--dialect <name>', 'with --target: how it wants topics and payloads')
    .option('--fleet-key <file>', "with --target: the devices' secrets derive from it")
    .option('--tls-ca <file>', 'with --target: authorities its certificate may be from, PEM')
    .option('--allow-host <host...>', 'hosts, not this machine, that may be put under load')
    .option('--out <folder>', 'write report.json and report.html there (all: {scenario}.json …)')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', help());
  for (const { flag, help } of parameterFlags()) command.option(flag, help);
  return command.action(bench);
}

async function bench(what: string, flags: Flags & Record<string, unknown>): Promise<void> {
  const { allowHost, dialect, fleetKey, json, out, size, store, target, tlsCa, ...parameters } =
    flags;
  const targetFlags = { target, dialect, fleetKey, tlsCa, allowHost };
  const said = Object.entries(targetFlags).filter(([, value]) => value !== undefined);
  const plans = planRuns({
    ...(Object.fromEntries(said) as TargetFlags),
    what,
    size: size ?? null,
    store: store ?? null,
    parameters,
  });
  if (out !== undefined) prepareFolder(out);
  const progress = new ProgressWriter(process.stderr);
  for (const output of [process.stdout, process.stderr]) output.on('error', ignoreNobodyReads);
  const all = what === allScenarios;
  let cannotRun = false;
  const reports = await interruptible(
    async (signal) => {
      const reports: RunReport[] = [];
      for (const plan of plans) {
        const playable = all ? inTurn(plan, progress) : plan;
        if (playable === null) continue;
        const run = { ...playable, clock: systemClock, progress, signal };
        const report = await runScenario(run).catch((error: unknown) => {
          if (!all) throw error;
          progress.say(`${plan.scenario} CANNOT RUN: ${messageOf(error)}`);
          return null;
        });
        cannotRun ||= report === null;
        if (report === null) continue;
        reports.push(report);
        await tell(report, json === true);
        await say(out, all ? plan.scenario : 'report', report);
        if (report.interrupted) break;
      }
      return reports;
    },
    systemClock,
    (line) => progress.say(line),
  );
  process.exitCode = Math.max(
    cannotRun ? 1 : 0,
    ...reports.map(({ verdict }) => exitCodeOf(verdict)),
  );
  // What was under way when the run was interrupted is not waited for.
  if (reports.some(({ interrupted }) => interrupted)) process.exit(interruptedExitCode);
}

/** Whoever read what is printed has gone; the run and its report go on. */
function ignoreNobodyReads(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
}

/** Of all scenarios those that this machine can play, on the store that they need; else null. */
function inTurn(plan: Plan, progress: ProgressWriter): Plan | null {
  const leftOut = (why: string): null => {
    progress.say(`${plan.scenario} IS LEFT OUT: ${why}`);
    return null;
  };
  if (plan.linuxOnly && process.platform !== 'linux') return leftOut('it needs Linux');
  if (!plan.takesStoreAway || isOwnServer(plan.store)) return plan;
  return influxdInstalled()
    ? { ...plan, store: 'influxdb' }
    : leftOut('it takes a store away, and no influxd is installed');
}

/** Resolves when it is written. */
function tell(report: RunReport, json: boolean): Promise<void> {
  const text = json ? `${JSON.stringify(report)}\n` : table(report);
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

async function say(out: string | undefined, name: string, report: RunReport): Promise<void> {
  if (out === undefined) {
    process.stderr.write('The report, with its charts, is written where --out says.\n');
    return;
  }
  const paths = await writeReport(out, name, report);
  process.stderr.write(`Written: ${paths.join(', ')}\n`);
}

function help(): string {
  const asked = Object.values(scenarios).map(
    ({ id, question }) => `  ${id}\n    ${question.en}\n    ${question.zh}`,
  );
  return `
Scenarios:
${asked.join('\n')}

Examples:
  onramp bench all                                         a few seconds each, to see that it works
  onramp bench city --size full --store influxdb --out city
                                                           100,000 sessions, 10,000 messages/s
  onramp bench city --target mqtt://127.0.0.1:1883 --fleet-key data/fleet.key --no-isolation
  onramp bench my.yaml                                     for instance:
    scenario: city
    parameters: { devices: 5000, enterprises: 500, duration: 2m }
    thresholds: [telemetry.ackMs.p99 <= 100]

Exit codes: 0 passed; 1 failed to run; 2 wrong usage; 3 a threshold failed; 4 invalid;
130 interrupted.`;
}
