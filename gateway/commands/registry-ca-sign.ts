/** `registry ca-sign`: a development CA signs the certificate of a device, without a gateway. */

import { X509Certificate } from 'node:crypto';
import { join } from 'node:path';
import type { Command } from 'commander';
import { native } from '../../model/dialects/native.ts';
import { OnrampError } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { paths } from '../data-folder/paths.ts';
import { CaFolder, defaultCaFolder } from './ca-folder.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  locally,
  printJson,
  type SharedOptions,
  subcommand,
} from './command-line.ts';
import { type CertifiedKey, signDeviceCertificate, type Validity } from './development-ca.ts';
import { printFields, timeText } from './listing.ts';
import { replaceOwned } from './made-files.ts';
import { runningTlsPort } from './open-operator.ts';
import { wholeNumber } from './option-values.ts';
import { type OneDevice, oneDevice } from './registry-device.ts';

const secondMs = 1000;
const dayMs = 86_400 * secondMs;

/** A hundred years. */
export const daysMax = 36_500;
const daysDefault = 365;

/** A device whose clock is slow by no more than this takes the certificate at once. */
const clockDifferenceMs = 300 * secondMs;

interface SignOptions extends OneDevice {
  readonly ca?: string;
  readonly days?: number;
  readonly out: string;
}

/** Adds the command to `group`. */
export function addSignCommand(group: Command, environment: CommandEnvironment): void {
  oneDevice(
    subcommand(
      group,
      'ca-sign',
      'Make a key for a device and sign its certificate with a development CA, on this machine and ' +
        'without a gateway. Once the device has used it, those signed before are void',
      [
        'onramp registry ca-sign --enterprise acme --device press-4',
        'onramp registry ca-sign --enterprise acme --device press-4 --ca ca-acme --out certs',
      ],
      environment,
    ),
  )
    .option('--ca <folder>', 'where "ca-create" keeps it (default: ca-{enterprise})')
    .option(
      '--days <n>',
      `how long it is valid (default: ${daysDefault}, or as long as the CA)`,
      wholeNumber(1, daysMax),
    )
    .option('--out <folder>', 'where {enterprise}.{device}.pem and .key go', '.')
    .action(locally(environment, sign));
}

/** From when something is valid that is made now: a little earlier, in whole seconds. */
export function backdatedMs(nowMs: number): number {
  return Math.floor((nowMs - clockDifferenceMs) / secondMs) * secondMs;
}

async function sign(
  run: Omit<CommandRun, 'operator'>,
  options: SignOptions & SharedOptions,
): Promise<void> {
  const { enterprise, device } = options;
  const folder = new CaFolder(options.ca ?? defaultCaFolder(enterprise));
  const ca = folder.read();
  const last = folder.lastNotBeforeMs(enterprise, device);
  // Of two certificates the later one counts, and both times are in seconds.
  const notBeforeMs = Math.max(backdatedMs(run.clock.nowMs()), (last ?? 0) + secondMs);
  const validity = { notBeforeMs, days: daysWithin(ca, notBeforeMs, options.days) };
  const made = await signDeviceCertificate(ca, options, validity);
  folder.noteSigned(enterprise, device, made.certificate);
  const name = join(options.out, deviceKey(enterprise, device));
  const files = { certificateFile: `${name}.pem`, keyFile: `${name}.key` };
  replaceOwned(files.keyFile, made.key);
  replaceOwned(files.certificateFile, made.certificate);
  print(run, validity, files, publishLine(options, files, runningTlsPort(options)));
}

interface Files {
  readonly certificateFile: string;
  readonly keyFile: string;
}

function print(
  run: Omit<CommandRun, 'operator'>,
  { notBeforeMs, days }: Validity,
  files: Files,
  command: string,
): void {
  const from = timeText(notBeforeMs);
  const until = timeText(notBeforeMs + days * dayMs);
  if (run.json) {
    printJson(run, { ...files, notBefore: from, notAfter: until, command });
    return;
  }
  printFields(run, {
    certificate: files.certificateFile,
    key: files.keyFile,
    'valid from': from,
    'valid until': until,
    try: command,
  });
  if (command.includes(unknownPort)) {
    run.stderr.write(`${unknownPort} is the gateway's TLS port: no gateway runs here to ask.\n`);
  }
  run.stderr.write(
    'Signed by a development CA. Take key and certificate to the device. --cafile is the ' +
      "gateway's own certificate; a device of another profile than generic sends its own signals.\n",
  );
}

/** The days asked for, or as many as the authority has left. Throws `certificate.invalid`. */
function daysWithin(ca: CertifiedKey, notBeforeMs: number, days: number | undefined): number {
  const until = authorityEndMs(ca);
  const left = Math.floor((until - notBeforeMs) / dayMs);
  const granted = days ?? Math.min(daysDefault, left);
  if (granted >= 1 && granted <= left) return granted;
  throw new OnrampError('certificate.invalid', `the authority itself ends ${timeText(until)}`);
}

function authorityEndMs({ certificate }: CertifiedKey): number {
  try {
    return new X509Certificate(certificate).validToDate.getTime();
  } catch (error) {
    throw new OnrampError('certificate.invalid', "the authority's is none", error);
  }
}

/** Stands for a port that only a running gateway knows. */
const unknownPort = '{port}';

/** A line that publishes with the certificate, on the gateway's machine as it stands. */
function publishLine(
  options: SignOptions & SharedOptions,
  files: Files,
  tlsPort: number | null,
): string {
  const { enterprise, device, data } = options;
  const words = [
    ...['mosquitto_pub', '-h', 'localhost', '-p', String(tlsPort ?? unknownPort)],
    ...['--cafile', join(paths(data).tlsFolder, 'cert.pem')],
    ...['--cert', files.certificateFile, '--key', files.keyFile],
    ...['-i', deviceKey(enterprise, device), '-q', '1'],
    ...['-t', native.topic(enterprise, device, 'telemetry')],
    ...['-m', '{"values":{"temperature":36.5}}'],
  ];
  return words.map((word) => (word === unknownPort ? word : shellWord(word))).join(' ');
}

/** As a POSIX shell reads it as one word. */
function shellWord(text: string): string {
  return /^[\w./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
