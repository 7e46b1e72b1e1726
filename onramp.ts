#!/usr/bin/env node
/** The command line: one table of commands, each one lazy import. */

import { Command } from 'commander';
import { errorText } from './model/error-text.ts';
import { errorCodeOf } from './model/errors.ts';
import { languageOf } from './model/language.ts';

const commands: Record<string, { summary: string; load: () => Promise<Command> }> = {
  demo: {
    summary: 'Everything on this machine: gateway, embedded store, a small city, the dashboard',
    load: async () => (await import('./benchmarks/demo.ts')).demoCommand(),
  },
  gateway: {
    summary: 'Run the gateway: devices connect over MQTT, readings go to the store',
    load: async () => (await import('./gateway/command.ts')).gatewayCommand(),
  },
  simulate: {
    summary: 'Play a fleet of devices against any platform',
    load: async () => (await import('./simulator/command.ts')).simulateCommand(),
  },
  doctor: {
    summary: 'Find out why a machine does not get through to the platform',
    load: async () => (await import('./simulator/doctor/command.ts')).doctorCommand(),
  },
  registry: {
    summary: 'Who may connect and who may ask: devices, claims, keys, certificates, tokens',
    load: async () => (await import('./gateway/commands/registry.ts')).registryCommand(),
  },
  'dead-letters': {
    summary: 'Readings that were refused: list them, replay them',
    load: async () => (await import('./gateway/commands/dead-letters.ts')).deadLettersCommand(),
  },
  bench: {
    summary: 'Run a benchmark scenario',
    load: async () => (await import('./benchmarks/command.ts')).benchCommand(),
  },
  report: {
    summary: 'Write the page of a run from its report.json',
    load: async () => (await import('./benchmarks/report/command.ts')).reportCommand(),
  },
};

/** Exit codes: 1 failed, 2 wrong usage or configuration. */
function exitCodeOf(error: unknown): number {
  const code = errorCodeOf(error);
  return code?.startsWith('config.') ? 2 : 1;
}

async function main(argv: readonly string[]): Promise<void> {
  const program = new Command('onramp')
    .description('Brings factory devices onto an industrial-internet platform (设备上云)')
    .showHelpAfterError('(--help shows the options)');
  const wanted = argv[0];
  for (const [name, { summary, load }] of Object.entries(commands)) {
    if (name === wanted) program.addCommand(await load());
    else program.command(name).description(summary);
  }
  program.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));
  for (const command of program.commands) command.exitOverride();
  await program.parseAsync(argv as string[], { from: 'user' });
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if ((error as { code?: string }).code?.startsWith('commander.')) {
    process.exit((error as { exitCode: number }).exitCode === 0 ? 0 : 2);
  }
  process.stderr.write(errorText(error, languageOf(process.env)));
  process.exit(exitCodeOf(error));
}
