/** The `bench` command. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Command, Option } from 'commander';
import { OnrampError } from '../model/errors.ts';
import type { RunReport } from '../model/report.ts';
import { runScenario } from './harness/run.ts';
import { exitCodeOf } from './harness/verdict.ts';
import { scenarios } from './scenarios/index.ts';
import type { ScenarioParameters } from './scenarios/scenario.ts';

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

/** `onramp bench`. Sets the exit code: 3 a threshold failed, 4 the run is invalid. */
export function benchCommand(): Command {
  return new Command('bench')
    .description('Run a benchmark scenario and judge it')
    .argument('[scenario]', Object.keys(scenarios).join(', '), 'device-to-row')
    .addOption(
      new Option('--size <size>', 'parameters and thresholds')
        .choices(['smoke', 'full'])
        .default('smoke'),
    )
    .option('--store <store>', '"embedded", "influxdb" (one of its own) or a URL', 'embedded')
    .option('--out <folder>', 'write report.json there')
    .option('--devices <n>')
    .option('--enterprises <n>')
    .option('--interval <duration>', 'time between two readings of a device')
    .option('--duration <duration>', 'measured time')
    .option('--report <key|full>', "a profile's key signals, or all")
    .option('--workers <n>')
    .option('--seed <n>')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
Examples:
  onramp bench                                             a few seconds, to see that it works
  onramp bench device-to-row --size full --store influxdb  12,500 sessions, 5,000 messages/s

Exit codes: 0 passed; 1 failed to run; 2 wrong usage; 3 a threshold failed; 4 invalid.`,
    )
    .action(async (name: string, flags: Flags) => {
      const scenario = scenarios[name];
      if (scenario === undefined) {
        const known = Object.keys(scenarios).join(', ');
        throw new OnrampError(
          'config.invalid',
          `there is no scenario ${name}; there are: ${known}`,
        );
      }
      const report = await runScenario({
        scenario,
        size: flags.size,
        parameters: override(scenario[flags.size], flags),
        store: flags.store,
        onProgress: (line) => process.stderr.write(`${line}\n`),
      });
      if (flags.out !== undefined) {
        mkdirSync(flags.out, { recursive: true });
        writeFileSync(join(flags.out, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
      }
      process.stdout.write(flags.json ? `${JSON.stringify(report)}\n` : table(report));
      process.exitCode = exitCodeOf(report.verdict);
    });
}

function override(parameters: ScenarioParameters, flags: Flags): ScenarioParameters {
  const number = (text: string | undefined, otherwise: number) =>
    text === undefined ? otherwise : Number(text);
  return {
    devices: number(flags.devices, parameters.devices),
    enterprises: number(flags.enterprises, parameters.enterprises),
    workers: number(flags.workers, parameters.workers),
    seed: number(flags.seed, parameters.seed),
    interval: flags.interval ?? parameters.interval,
    duration: flags.duration ?? parameters.duration,
    report: flags.report ?? parameters.report,
  };
}

/** The result for people. */
function table(report: RunReport): string {
  const { connect, cpuUsPerMessage, fleet, ledger, message, resources, telemetry } = report;
  const latency = (of: RunReport['telemetry']['ackMs']) =>
    of === null
      ? 'not measured'
      : `p50 ${ms(of.p50)}  p99 ${ms(of.p99)}  p99.9 ${ms(of.p999)}  max ${ms(of.max)}`;
  const lines = [
    `${report.scenario}: ${report.verdict.toUpperCase()}`,
    `  ${report.question}`,
    `fleet        ${fleet.devices} devices of ${fleet.enterprises} enterprises, ${connect.connected} sessions in ${connect.seconds} s`,
    `message      ${message.dialect}, QoS ${message.qos}, ${message.fieldsMean?.toFixed(1)} fields, ${message.bytesMean?.toFixed(0)} bytes; store ${report.environment.store}`,
    `rate         ${Math.round(telemetry.perSecond)} acknowledged/s over ${report.durationS} s`,
    `due→PUBACK   ${latency(telemetry.ackMs)}`,
    `due→row      ${latency(telemetry.storedMs)}`,
    `ledger       ${ledger.sent} sent, ${ledger.acked} acknowledged, ${ledger.stored} stored, ${ledger.lost} lost, ${ledger.duplicated} duplicated`,
    ...Object.entries(resources).map(([name, used]) => {
      const cost = cpuUsPerMessage[name];
      return `  ${name.padEnd(18)} ${used === null ? 'not measured' : `${cost} µs CPU per message, ${Math.round(used.rssBytesMax / 1e6)} MB`}`;
    }),
    ...report.thresholds.map(
      ({ expression, ok, value }) =>
        `  ${ok === null ? 'not reconciled' : ok ? 'holds' : 'FAILED'}  ${expression} (${value})`,
    ),
    ...report.invalidReasons.map((reason) => `  invalid: ${reason}`),
  ];
  return `${lines.join('\n')}\n`;
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
