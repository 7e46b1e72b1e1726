/** What the commands of this folder share: their process, their options, and how they end. */

import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command, CommanderError } from 'commander';
import { type Clock, systemClock } from '../../model/clock.ts';
import { errorText } from '../../model/error-text.ts';
import { OnrampError } from '../../model/errors.ts';
import { languageOf } from '../../model/language.ts';
import { printable } from '../../model/printable.ts';
import { openOperator } from './open-operator.ts';
import type { Operator } from './operator.ts';

/** What a command needs of its process, replaceable in tests. */
export interface CommandEnvironment {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdin: Readable & { readonly isTTY?: boolean | undefined };
  readonly stdout: NodeJS.WritableStream;
  readonly stderr: { readonly isTTY?: boolean | undefined; write(text: string): unknown };
  /** 0 done, 1 failed, 2 wrong usage or configuration. */
  setExitCode(code: number): void;
}

export const processEnvironment: CommandEnvironment = {
  clock: systemClock,
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  setExitCode(code) {
    process.exitCode = code;
  },
};

/** Options that every command of this folder has, before or after its subcommand. */
export interface SharedOptions {
  readonly data: string;
  readonly url?: string;
  readonly tokenFile?: string;
  readonly json?: boolean;
}

const exitCodes = `
Exit codes: 0 done; 1 failed; 2 wrong usage or configuration.`;

/** A command whose subcommands reach a gateway. */
export function groupCommand(name: string, environment: CommandEnvironment): Command {
  return settled(new Command(name), environment)
    .option('--data <folder>', 'data folder of the gateway on this machine', 'data')
    .option('--url <url>', 'a gateway elsewhere, e.g. http://10.0.0.5:8080')
    .option(
      '--token-file <file>',
      "file with the operator's token (default: operator.token in the data folder)",
    )
    .option('--json', 'print the result as JSON');
}

/**
 * A subcommand of `group`. The first clause of `description` stands in the group's help; `examples`
 * are shown below its own, one a line.
 */
export function subcommand(
  group: Command,
  usage: string,
  description: string,
  examples: readonly string[],
  environment: CommandEnvironment,
): Command {
  const command = settled(new Command(usage.split(' ')[0]), environment)
    .summary(description.split(/\. |; /)[0]!)
    .description(description)
    .addHelpText('after', `\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`)
    .addHelpText('after', exitCodes);
  for (const argument of usage.split(' ').slice(1)) command.argument(argument);
  group.addCommand(command);
  return command;
}

function settled(command: Command, environment: CommandEnvironment): Command {
  return command
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => environment.stdout.write(text),
      writeErr: (text) => environment.stderr.write(text),
    })
    .exitOverride((error) => {
      throw error;
    });
}

/** What a command body is given. */
export interface CommandRun extends CommandEnvironment {
  readonly operator: Operator;
  readonly json: boolean;
}

/** The body of a command that reaches a gateway. */
type OperatorBody<Options> = (
  run: CommandRun,
  options: Options,
  args: readonly string[],
) => Promise<void>;

/** The body of a command that needs no gateway. */
type LocalBody<Options> = (
  run: Omit<CommandRun, 'operator'>,
  options: Options & SharedOptions,
  args: readonly string[],
) => Promise<void>;

/**
 * An action that opens the operator, runs `body` and closes again. `first` comes before that: while a
 * person thinks, no data folder is locked. A failure becomes a line on stderr and an exit code.
 */
export function withOperator<Options>(
  environment: CommandEnvironment,
  body: OperatorBody<Options>,
  first: LocalBody<Options> = async () => {},
): (this: Command) => Promise<void> {
  return locally<Options>(environment, async (run, options, args) => {
    await first(run, options, args);
    const operator = await openOperator(options, environment.clock);
    try {
      if (operator.notice !== null) environment.stderr.write(`${operator.notice}\n`);
      await body({ ...run, operator }, options, args);
    } finally {
      await operator.close();
    }
  });
}

/** An action that runs `body`; a failure becomes a line on stderr and an exit code. */
export function locally<Options>(
  environment: CommandEnvironment,
  body: LocalBody<Options>,
): (this: Command) => Promise<void> {
  return async function action(this: Command) {
    const options = this.optsWithGlobals<SharedOptions & Options>();
    try {
      await body({ ...environment, json: options.json === true }, options, this.args);
    } catch (error) {
      finish(error, environment, this);
    }
  };
}

/** Says what went wrong. Wrong usage is left to whoever parses the command line. */
function finish(error: unknown, environment: CommandEnvironment, command: Command): void {
  if (error instanceof CommanderError) throw error;
  environment.stderr.write(errorText(inFlags(error, command), languageOf(environment.env)));
  environment.setExitCode(isUsage(error) ? 2 : 1);
}

/** Fields of requests that a flag of another name fills. */
const flagNames: Readonly<Record<string, string>> = {
  devicesMax: 'devices',
  expiresIn: 'expires',
  messagesPerSecondMax: 'messagesPerSecond',
};

/** The error with the flags of `command` where its details name fields of a request. */
function inFlags(error: unknown, command: Command): unknown {
  if (!(error instanceof OnrampError) || error.code !== 'api.bad-request') return error;
  const details = error.details.map((detail) =>
    detail.replace(/^(?:body|query)\.(?:\w+\.)*(\w+): /, (place, field: string) => {
      const name = flagNames[field] ?? field;
      const flag = command.options.find((option) => option.attributeName() === name)?.long;
      return flag === undefined || flag === null ? place : `${flag}: `;
    }),
  );
  return new OnrampError(error.code, details, error);
}

function isUsage(error: unknown): boolean {
  if (!(error instanceof OnrampError)) return false;
  return error.code.startsWith('config.') || error.code === 'api.bad-request';
}

/** Prints `result` as one line of JSON. */
export function printJson(run: Pick<CommandRun, 'stdout'>, result: unknown): void {
  run.stdout.write(`${JSON.stringify(result)}\n`);
}

/** Copies a document to stdout; that nobody reads it to its end (`| head`) is no failure. */
export async function printStream(run: CommandRun, document: Readable): Promise<void> {
  try {
    await pipeline(document, run.stdout, { end: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error;
  }
}

/** Columns of text, as wide as they have to be. */
export function table(cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(printable));
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return lines.map((line) => `${line}\n`).join('');
}
