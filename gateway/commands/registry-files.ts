/** `registry import` and `export`. */

import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { type Command, Option } from 'commander';
import { native } from '../../model/dialects/native.ts';
import { messageOf, OnrampError } from '../../model/errors.ts';
import type { ImportReport } from '../registry/registry.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  printJson,
  printStream,
  subcommand,
  withOperator,
} from './command-line.ts';
import { type FilterOptions, filterOptions } from './device-filter.ts';
import { ask, type OperatorRequest } from './operator.ts';

interface ImportFlags {
  readonly format?: 'csv' | 'json';
  readonly dryRun?: boolean;
  readonly skipBad?: boolean;
  readonly update?: boolean;
  readonly city?: boolean;
  readonly enterprises?: string;
  readonly devices?: string;
  readonly seed: string;
  readonly sensors?: boolean;
  readonly gateways?: string;
}

const formatOption = (help: string) =>
  new Option('--format <format>', help).choices(['csv', 'json']);

/** Adds the commands about many devices to `group`. */
export function addFileCommands(group: Command, environment: CommandEnvironment): void {
  subcommand(
    group,
    'import [file]',
    'Register devices from a CSV or JSON file (- reads standard input), or a simulated city. ' +
      'Secrets that had to be generated are printed as CSV, once.',
    [
      'onramp registry import devices.csv --dry-run',
      'onramp registry import devices.csv --skip-bad --update > credentials.csv',
      'onramp registry import --city --enterprises 100 --devices 1000 --seed 1',
    ],
    environment,
  )
    .addOption(formatOption("format of the file (default: by its name's ending)"))
    .option('--dry-run', 'check everything and change nothing')
    .option('--skip-bad', 'import the good rows; without it one bad row refuses them all')
    .option('--update', 'take over what the file says of devices that are registered already')
    .option('--city', 'register the city that a simulator of the same seed plays')
    .option('--enterprises <n>', 'enterprises of the city')
    .option('--devices <n>', 'production devices of the city')
    .option('--seed <n>', 'seed of the city', '1')
    .option('--sensors', 'the city has environment sensors too')
    .option('--gateways <id>', 'every enterprise of the city has a gateway of this id')
    .action(withOperator(environment, importDevices));

  const exporting = subcommand(
    group,
    'export',
    'Write the directory as a file that import reads; secrets are not in it',
    [
      'onramp registry export > devices.csv',
      'onramp registry export --format json --district wujin',
    ],
    environment,
  );
  filterOptions(exporting)
    .addOption(formatOption('format of the file (default: csv; --json is json)'))
    .action(withOperator(environment, exportDevices));
}

async function importDevices(
  run: CommandRun,
  options: ImportFlags,
  [file]: readonly string[],
): Promise<void> {
  if ((file === undefined) !== (options.city === true)) {
    throw new OnrampError('config.invalid', 'name either a file or --city');
  }
  const request = file === undefined ? cityRequest(options) : await fileRequest(run, options, file);
  run.stderr.write(`Importing ${file ?? 'the city'} …\n`);
  const report = await ask<ImportReport>(run.operator, request);
  printReport(run, report, options.dryRun === true);
  // A dry run that found bad rows answers no.
  if (options.dryRun && report.badRows > 0) run.setExitCode(1);
}

function cityRequest(options: ImportFlags): OperatorRequest {
  const problems: string[] = [];
  const whole = (flag: string, text: string | undefined): number => {
    if (text === undefined || !/^-?\d{1,15}$/.test(text)) {
      problems.push(`--${flag} must be a whole number`);
    }
    return Number(text);
  };
  const city = {
    seed: whole('seed', options.seed),
    enterprises: whole('enterprises', options.enterprises),
    devices: whole('devices', options.devices),
    sensors: options.sensors === true,
    gateway: options.gateways,
  };
  if (options.dryRun) problems.push('--dry-run does not go with --city');
  if (problems.length > 0) throw new OnrampError('config.invalid', problems);
  return {
    method: 'POST',
    path: '/devices/import-city',
    body: { type: 'application/json', content: JSON.stringify(city) },
  };
}

async function fileRequest(
  run: CommandRun,
  options: ImportFlags,
  file: string,
): Promise<OperatorRequest> {
  const isJson = (options.format ?? extname(file).slice(1).toLowerCase()) === 'json';
  return {
    method: 'POST',
    path: '/devices/import',
    query: {
      dryRun: options.dryRun,
      badRows: options.skipBad ? 'skip' : undefined,
      existing: options.update ? 'update' : undefined,
    },
    body: {
      type: isJson ? 'application/json' : 'text/csv',
      content: file === '-' ? run.stdin : await fileContent(file),
    },
  };
}

/** The file as it is read. @throws OnrampError `command.file-unreadable` before anything is sent. */
export async function fileContent(path: string): Promise<Readable> {
  try {
    const handle = await open(path);
    if (!(await handle.stat()).isDirectory()) return handle.createReadStream();
    await handle.close();
  } catch (error) {
    throw new OnrampError('command.file-unreadable', messageOf(error), error);
  }
  throw new OnrampError('command.file-unreadable', `${path} is a folder`);
}

function printReport(run: CommandRun, report: ImportReport, dryRun: boolean): void {
  if (run.json) {
    printJson(run, report);
    return;
  }
  const { rows, added, updated, badRows, errors, credentials } = report;
  for (const { row, code, detail } of errors) run.stderr.write(`row ${row}: ${code}: ${detail}\n`);
  if (badRows > errors.length) run.stderr.write(`… and ${badRows - errors.length} more bad rows\n`);
  const summary =
    `${dryRun ? 'Would be imported' : 'Imported'}: ${rows} rows, ${added} added, ` +
    `${updated} updated, ${badRows} bad.\n`;
  if (credentials.length === 0) {
    run.stdout.write(summary);
    return;
  }
  run.stderr.write(`${summary}The generated secrets are stored nowhere: keep them now.\n`);
  run.stdout.write('clientId,username,password\n');
  // Ids and generated secrets have no character that CSV would have to quote.
  for (const { enterprise, device, secret } of credentials) {
    const { clientId, username, password } = native.credentials(enterprise, device, secret);
    run.stdout.write(`${clientId},${username},${password}\n`);
  }
}

async function exportDevices(
  run: CommandRun,
  options: FilterOptions & { readonly format?: 'csv' | 'json' },
): Promise<void> {
  const { enterprise, district, profile, kind, text } = options;
  const format = options.format ?? (run.json ? 'json' : 'csv');
  const document = await run.operator.send({
    method: 'GET',
    path: '/devices/export',
    query: { enterprise, district, profile, kind, text, format },
  });
  await printStream(run, document);
}
