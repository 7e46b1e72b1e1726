/** `registry export`, beside `import`. */

import { type Command, Option } from 'commander';
import {
  type CommandEnvironment,
  type CommandRun,
  printStream,
  subcommand,
  withOperator,
} from './command-line.ts';
import { type FilterOptions, filterOptions } from './device-filter.ts';
import { addImportCommand } from './registry-import.ts';

/** Adds the commands about many devices to `group`. */
export function addFileCommands(group: Command, environment: CommandEnvironment): void {
  addImportCommand(group, environment);
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
    .addOption(
      new Option('--format <format>', 'of the file (default: csv; --json is json)').choices([
        'csv',
        'json',
      ]),
    )
    .action(withOperator(environment, exportDevices));
}

async function exportDevices(
  run: CommandRun,
  options: FilterOptions & { readonly format?: 'csv' | 'json' },
): Promise<void> {
  const { enterprise, district, profile, kind, state, text } = options;
  const format = options.format ?? (run.json ? 'json' : 'csv');
  const document = await run.operator.send({
    method: 'GET',
    path: '/devices/export',
    query: { enterprise, district, profile, kind, state, text, format },
  });
  await printStream(run, document);
}
