/** The `bench` command. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { OnrampError } from '../model/errors.ts';
import type { RunReport } from '../model/report.ts';
import { canRun, runScenario } from './harness/run.ts';
import { table } from './harness/table.ts';
import { exitCodeOf } from './harness/verdict.ts';
import { scenarios } from './scenarios/index.ts';
import { flagOf, mergeParameters, type RunParameters } from './scenarios/parameters.ts';
import type { Scenario } from './scenarios/scenario.ts';

interface Flags {
  size: 'smoke' | 'full';
  store: string;
  out?: string;
  json?: true;
  devices?: string;
  enterprises?: string;
  interval?: string;
  duration?: string;
  report?: 'key' | 'full';
  workers?: string;
  seed?: string;
}

/** In place of a scenario: one after the other. */
const all = 'all';

/** `onramp bench`. Sets the exit code: 3 a threshold failed, 4 the run is invalid. */
export function benchCommand(): Command {
  return new Command('bench')
    .description('Run a benchmark scenario and judge it')
    .argument('[scenario]', [...Object.keys(scenarios), all].join(', '), 'device-to-row')
    .addOption(
      new Option('--size <size>', 'parameters and thresholds')
        .choices(['smoke', 'full'])
        .default('smoke'),
    )
    .option('--store <store>', '"embedded", "influxdb" (one of its own) or a URL', 'embedded')
    .option('--out <folder>', 'write report.json there (all: {scenario}.json)')
    .option('--devices <n>')
    .option('--enterprises <n>')
    .option('--interval <duration>', 'time between two readings of a device')
    .option('--duration <duration>', 'measured time')
    .option('--report <key|full>', "a profile's key signals, or all")
    .option('--workers <n>')
    .option('--seed <n>')
    .option('--json', 'print the report as JSON')
    .addHelpText('after', help())
    .action(async (name: string, flags: Flags) => {
      const reports: RunReport[] = [];
      for (const scenario of named(name)) {
        const report = await runScenario({
          scenario,
          size: flags.size,
          parameters: override(scenario, flags),
          store: flags.store,
          onProgress: (line) => process.stderr.write(`${line}\n`),
        });
        const file = name === all ? `${scenario.id}.json` : 'report.json';
        if (flags.out !== undefined) write(flags.out, file, report);
        process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : table(report));
        reports.push(report);
      }
      process.exitCode = Math.max(...reports.map(({ verdict }) => exitCodeOf(verdict)));
    });
}

function help(): string {
  const asked = Object.values(scenarios).map(({ id, question }) => `  ${id}\n    ${question.en}`);
  return `
Scenarios:
${asked.join('\n')}

Examples:
  onramp bench all                                         a few seconds each, to see that it works
  onramp bench device-to-row --size full --store influxdb  12,500 sessions, 5,000 messages/s
  onramp bench onboarding --size full                      10,000 devices come by claim

Exit codes: 0 passed; 1 failed to run; 2 wrong usage; 3 a threshold failed; 4 invalid.`;
}

/** The scenarios to run; of all of them, those that this machine can play. */
function named(name: string): Scenario[] {
  if (name === all) {
    return Object.values(scenarios).filter((scenario) => {
      const can = canRun(scenario);
      if (!can) process.stderr.write(`${scenario.id} is left out: it needs Linux\n`);
      return can;
    });
  }
  const scenario = scenarios[name];
  if (scenario !== undefined) return [scenario];
  const known = [...Object.keys(scenarios), all].join(', ');
  throw new OnrampError('config.invalid', `there is no scenario ${name}; there are: ${known}`);
}

function write(folder: string, file: string, report: RunReport): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, file), `${JSON.stringify(report, null, 2)}\n`);
}

function override(scenario: Scenario, { size, ...flags }: Flags): RunParameters {
  const { devices, enterprises, workers, seed, interval, duration, report } = flags;
  const said = { devices, enterprises, workers, seed, interval, duration, report };
  const problems: string[] = [];
  const sources = [
    { said: scenario[size], nameOf: (name: string) => name },
    { said, nameOf: flagOf },
  ];
  const parameters = mergeParameters(sources, problems);
  if (parameters === null) throw new OnrampError('config.invalid', problems);
  return parameters;
}
