/** `registry watch`: what happens to one device, a sentence for each event, until it is stopped. */

import { createInterface } from 'node:readline/promises';
import type { Readable } from 'node:stream';
import { type Command, Option } from 'commander';
import { messageOf, OnrampError } from '../../model/errors.ts';
import { type Language, languageOf } from '../../model/language.ts';
import type { ToldDeviceEvent } from '../device-events/device-event.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  printJson,
  subcommand,
  table,
  withOperator,
} from './command-line.ts';
import { devicePath, type OneDevice, oneDevice } from './registry-device.ts';

/** Adds `watch` to `group`. */
export function addWatchCommand(group: Command, environment: CommandEnvironment): void {
  oneDevice(
    subcommand(
      group,
      'watch',
      'Say what happens to a device, as it happens, until Ctrl-C; --json prints the events',
      ['onramp registry watch --enterprise acme --device press-1'],
      environment,
    ),
  )
    .addOption(languageOption())
    .action(withOperator(environment, watch));
}

export interface LanguageOptions {
  readonly lang?: Language;
}

/** `--lang`, which says what the environment would decide. */
export function languageOption(): Option {
  return new Option('--lang <lang>', 'en or zh (default: by LANG)').choices(['en', 'zh']);
}

/** The language a command was told, or that of its environment. */
export function languageTold(
  { env }: Pick<CommandRun, 'env'>,
  { lang }: LanguageOptions,
): Language {
  return lang ?? languageOf(env);
}

async function watch(run: CommandRun, options: LanguageOptions & OneDevice): Promise<void> {
  await followEvents(run, options, languageTold(run, options));
}

/**
 * Prints the newest events of a device, then each as it happens.
 * @throws OnrampError `command.gateway-unreachable` when the stream ends; what the API refuses with.
 */
export async function followEvents(
  run: CommandRun,
  device: OneDevice,
  language: Language,
): Promise<void> {
  const stream = await run.operator.send({
    method: 'GET',
    path: devicePath(device, '/events'),
    headers: { accept: 'text/event-stream' },
  });
  let how = 'the stream of events has ended';
  try {
    for await (const event of eventsIn(stream)) {
      if (run.json) printJson(run, event);
      else run.stdout.write(sentence(event, language));
    }
  } catch (error) {
    how = messageOf(error);
  }
  throw new OnrampError('command.gateway-unreachable', how);
}

/** The events of a stream of server-sent events (HTML §9.2.6), each of which has one line of data. */
async function* eventsIn(stream: Readable): AsyncGenerator<ToldDeviceEvent> {
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) {
    if (line.startsWith('data:')) yield JSON.parse(line.slice('data:'.length)) as ToldDeviceEvent;
  }
}

function sentence({ atMs, count, text }: ToldDeviceEvent, language: Language): string {
  const time = new Date(atMs).toTimeString().slice(0, 'HH:MM:SS'.length);
  return table([[time, count > 1 ? `${text[language]} (×${count})` : text[language]]]);
}
