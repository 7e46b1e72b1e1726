/** `registry import`: from a file, or a whole simulated city. */

import { open } from 'node:fs/promises';
import { extname } from 'node:path';
import type { Readable } from 'node:stream';
import { type Command, Option } from 'commander';
import { messageOf, OnrampError } from '../../model/errors.ts';
import type { FileImportReport } from '../api/device-import.ts';
import type { ImportReport } from '../registry/registry.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  printJson,
  subcommand,
  withOperator,
} from './command-line.ts';
import { CredentialsFile, credentialLines } from './credentials-file.ts';
import { ShownProgress } from './import-progress.ts';
import { ask, type OperatorRequest } from './operator.ts';

interface ImportFlags {
  readonly format?: 'csv' | 'json';
  readonly dryRun?: boolean;
  readonly badRows?: string;
  readonly existing?: string;
  readonly encoding?: string;
  readonly enterprise?: string;
  readonly credentials?: string;
  readonly city?: boolean;
  readonly enterprises?: string;
  readonly devices?: string;
  readonly seed: string;
  readonly sensors?: boolean;
  readonly gateways?: string;
}

/** Adds `import` to `group`. */
export function addImportCommand(group: Command, environment: CommandEnvironment): void {
  subcommand(
    group,
    'import [file]',
    'Register devices from a CSV or JSON file (- reads standard input), or a simulated city. ' +
      'Secrets that had to be generated are printed as CSV, once, or go to a file.',
    [
      'onramp registry import devices.csv --dry-run',
      'onramp registry import devices.csv --credentials credentials.csv',
      'onramp registry import devices.csv --bad-rows skip --existing update > credentials.csv',
      'onramp registry import --city --enterprises 100 --devices 1000 --seed 1',
    ],
    environment,
  )
    .addOption(
      new Option('--format <format>', "of the file (default: by its name's ending)").choices([
        'csv',
        'json',
      ]),
    )
    .option('--dry-run', 'check everything and change nothing')
    .addOption(
      new Option(
        '--bad-rows <rule>',
        'whether one bad row refuses all (default) or is skipped',
      ).choices(['refuse-all', 'skip']),
    )
    .addOption(
      new Option(
        '--existing <rule>',
        'refuse devices that are registered already (default), or update them',
      ).choices(['refuse', 'update']),
    )
    .addOption(
      new Option('--encoding <name>', 'of the file (default: auto)').choices([
        'auto',
        'utf-8',
        'gb18030',
      ]),
    )
    .option('--enterprise <id>', 'rows of any other enterprise are bad')
    .option('--credentials <file>', 'a new file for generated secrets, readable by its owner only')
    .option('--city', 'register the city that a simulator of the same seed plays')
    .option('--enterprises <n>', 'enterprises of the city')
    .option('--devices <n>', 'production devices of the city')
    .option('--seed <n>', 'seed of the city', '1')
    .option('--sensors', 'the city has environment sensors too')
    .option('--gateways <id>', 'every enterprise of the city has a gateway of this id')
    .action(withOperator(environment, importDevices));
}

async function importDevices(
  run: CommandRun,
  options: ImportFlags,
  [file]: readonly string[],
): Promise<void> {
  if ((file === undefined) !== (options.city === true)) {
    throw new OnrampError('config.invalid', 'name either a file or --city');
  }
  if (file === undefined) {
    const request = cityRequest(options);
    run.stderr.write('Importing the city …\n');
    printReport(run, await ask<ImportReport>(run.operator, request), options);
    return;
  }
  const secrets =
    options.credentials === undefined ? null : await CredentialsFile.create(options.credentials);
  try {
    const content = file === '-' ? { stream: run.stdin, bytes: null } : await fileContent(file);
    const report = await importFile(run, options, file, content);
    if (report.credentials.length > 0) await secrets?.write(report.credentials);
    printReport(run, report, options);
  } finally {
    await secrets?.close();
  }
}

interface FileContent {
  readonly stream: Readable;
  /** Null when nobody knows. */
  readonly bytes: number | null;
}

async function importFile(
  run: CommandRun,
  options: ImportFlags,
  file: string,
  { stream, bytes }: FileContent,
): Promise<FileImportReport> {
  run.stderr.write(`Importing ${file === '-' ? 'standard input' : file} …\n`);
  const { clock, operator, stderr: output } = run;
  const progress = new ShownProgress({ output, clock, operator, bytesTotal: bytes });
  try {
    const request = fileRequest(options, file, progress.counted(stream));
    return await ask<FileImportReport>(operator, request);
  } finally {
    progress.end();
  }
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

function fileRequest(options: ImportFlags, file: string, content: Readable): OperatorRequest {
  const { dryRun, badRows, existing, encoding, enterprise } = options;
  const isJson = (options.format ?? extname(file).slice(1).toLowerCase()) === 'json';
  return {
    method: 'POST',
    path: '/devices/import',
    query: { dryRun, badRows, existing, encoding, enterprise },
    body: { type: isJson ? 'application/json' : 'text/csv', content },
  };
}

/** The file as it is read. @throws OnrampError `command.file-unreadable` before anything is sent. */
export async function fileContent(path: string): Promise<FileContent & { readonly bytes: number }> {
  try {
    const handle = await open(path);
    const stat = await handle.stat();
    if (!stat.isDirectory()) return { stream: handle.createReadStream(), bytes: stat.size };
    await handle.close();
  } catch (error) {
    throw new OnrampError('command.file-unreadable', messageOf(error), error);
  }
  throw new OnrampError('command.file-unreadable', `${path} is a folder`);
}

function printReport(
  run: CommandRun,
  report: ImportReport & Partial<FileImportReport>,
  options: ImportFlags,
): void {
  const { rows, added, updated, badRows, errors, credentials, encoding } = report;
  // A dry run that found bad rows answers no.
  if (options.dryRun && badRows > 0) run.setExitCode(1);
  if (run.json) {
    // Secrets go to one place only.
    printJson(run, options.credentials === undefined ? report : { ...report, credentials: [] });
    return;
  }
  for (const { row, code, detail } of errors) run.stderr.write(`row ${row}: ${code}: ${detail}\n`);
  if (badRows > errors.length) run.stderr.write(`… and ${badRows - errors.length} more bad rows\n`);
  if (encoding !== undefined && encoding !== 'utf-8') run.stderr.write(`Read as ${encoding}.\n`);
  const summary =
    `${options.dryRun ? 'Would be imported' : 'Imported'}: ${rows} rows, ${added} added, ` +
    `${updated} updated, ${badRows} bad.\n`;
  if (credentials.length === 0 || options.credentials !== undefined) {
    run.stdout.write(summary);
    return;
  }
  run.stderr.write(`${summary}The generated secrets are stored nowhere: keep them now.\n`);
  for (const line of credentialLines(credentials)) run.stdout.write(line);
}
