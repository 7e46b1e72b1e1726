/** The `doctor` command. */

import { readFileSync } from 'node:fs';
import { Command, Option } from 'commander';
import { type Clock, systemClock } from '../../model/clock.ts';
import { parseDurationMs } from '../../model/duration.ts';
import { messageOf, OnrampError } from '../../model/errors.ts';
import { type Language, languageOf } from '../../model/language.ts';
import { printable } from '../../model/printable.ts';
import { connectionOf } from './connection.ts';
import { examine } from './examine.ts';
import type { Finding, StepId, Verdict } from './finding.ts';

const examples = `
Examples:
  onramp doctor --card card.json                  what is wrong with this connection, step by step
  onramp doctor --card card.json --tls            the same on the card's TLS port
  onramp doctor --card card.json --target mqtt://10.0.0.5:1884 --topic onramp/v1/e1/d1/data
                                                  what a machine is set to, compared with its card
  onramp doctor --card card.json --payload reading.json --lang zh
  onramp doctor --target mqtts://10.0.0.5 --client-id e1.d1 --username e1/d1 \\
    --password-file secret.txt --topic onramp/v1/e1/d1/telemetry --payload reading.json

It speaks MQTT 3.1.1 and publishes one reading: the payload given, or the sample on the card.

Exit codes: 0 nothing is wrong; 1 something is; 2 wrong usage.`;

/** What the command needs of its process, replaceable in tests. */
export interface DoctorEnvironment {
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: { write(text: string): unknown };
  readonly stderr: { write(text: string): unknown };
}

/** `onramp doctor`. Sets the exit code of the process. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('Find out, in plain words, why a machine does not get through to the platform')
    .option('--card <FILE>', 'the connection card, JSON')
    .option('--target <URL>', 'mqtt://host:port or mqtts://host:port, instead of the card')
    .option('--tls', "use the card's TLS port")
    .option('--tls-ca <FILE>', 'PEM of the authorities to trust')
    .option('--tls-fingerprint <SHA256>', "the server certificate's fingerprint")
    .option('--client-id <ID>', 'instead of the card')
    .option('--username <NAME>', 'instead of the card')
    .option('--password-file <FILE>', 'a file that holds the password, instead of the card')
    .option('--topic <TOPIC>', 'instead of the card')
    .option('--payload <FILE>', 'what the machine sends, instead of the sample on the card')
    .option('--api <URL>', "the platform's API, to ask what became of the reading")
    .option('--api-token-file <FILE>', 'a file that holds the token for it')
    .option('--timeout <DURATION>', 'for each answer of the platform', '10s')
    .option('--row-timeout <DURATION>', 'for the row in the store', '15s')
    .addOption(new Option('--lang <LANG>', 'en or zh (default: by LANG)').choices(['en', 'zh']))
    .option('--json', 'print the findings as JSON, in both languages')
    .addHelpText('after', examples)
    .action(async (flags: Record<string, string | boolean | undefined>) => {
      process.exitCode = await doctor(flags, {
        clock: systemClock,
        env: process.env,
        stdout: process.stdout,
        stderr: process.stderr,
      });
    });
}

/**
 * Examines the connection that `flags` describe and prints each finding as it is made: on stdout,
 * or with `--json` on stderr, and on stdout then `{"ok", "findings"}`.
 * @returns the exit code.
 * @throws OnrampError `config.invalid`.
 */
export async function doctor(
  flags: Readonly<Record<string, string | boolean | undefined>>,
  { clock, env, stdout, stderr }: DoctorEnvironment,
): Promise<number> {
  const { connection, timeoutMs, rowTimeoutMs } = readFlags(flags);
  const language = (flags.lang as Language | undefined) ?? languageOf(env);
  const output = flags.json ? stderr : stdout;
  const findings = await examine(connection, {
    ...{ clock, timeoutMs, rowTimeoutMs },
    onFinding: (made) => output.write(lineOf(made, language)),
  });
  const ok = findings.every(({ verdict }) => verdict !== 'wrong');
  if (flags.json) stdout.write(`${JSON.stringify({ ok, findings })}\n`);
  else stdout.write(conclusion(findings, language));
  return ok ? 0 : 1;
}

/** Files are read here, so that what cannot be read is told with the other mistakes. */
function readFlags(flags: Readonly<Record<string, string | boolean | undefined>>) {
  const problems: string[] = [];
  const bytes = (name: string, path: unknown): Buffer | undefined => {
    if (typeof path !== 'string') return undefined;
    try {
      return readFileSync(path);
    } catch (error) {
      problems.push(`--${name}: ${messageOf(error)}`);
      return undefined;
    }
  };
  const duration = (name: string, value: unknown, preset: string): number => {
    const milliseconds = parseDurationMs(String(value ?? preset));
    if (milliseconds === null) problems.push(`--${name}: must be a duration such as 500ms, 10s`);
    return milliseconds ?? 0;
  };
  const word = (name: string): string | undefined => flags[name] as string | undefined;
  const files = {
    card: bytes('card', flags.card)?.toString('utf8'),
    tlsCa: bytes('tls-ca', flags.tlsCa)?.toString('utf8'),
    // The line break at the end is the editor's, not the password's.
    password: bytes('password-file', flags.passwordFile)
      ?.toString('utf8')
      .replace(/\r?\n$/, ''),
    payload: bytes('payload', flags.payload),
    apiToken: bytes('api-token-file', flags.apiTokenFile)?.toString('utf8').trim(),
  };
  const timeoutMs = duration('timeout', flags.timeout, '10s');
  const rowTimeoutMs = duration('row-timeout', flags.rowTimeout, '15s');
  if (problems.length > 0) throw new OnrampError('config.invalid', problems);
  const connection = connectionOf({
    ...files,
    target: word('target'),
    tls: flags.tls === true ? true : undefined,
    tlsFingerprint: word('tlsFingerprint'),
    clientId: word('clientId'),
    username: word('username'),
    topic: word('topic'),
    api: word('api'),
  });
  return { connection, timeoutMs, rowTimeoutMs };
}

const marks: Readonly<Record<Verdict, string>> = {
  ok: '✓',
  note: '·',
  wrong: '✗',
  'not-checked': '–',
};

const labels: Readonly<Record<StepId, Readonly<Record<Language, string>>>> = {
  name: { en: 'name      ', zh: '名称' },
  port: { en: 'port      ', zh: '端口' },
  tls: { en: 'TLS       ', zh: '加密' },
  connect: { en: 'connect   ', zh: '登录' },
  permission: { en: 'permission', zh: '权限' },
  payload: { en: 'payload   ', zh: '消息' },
  row: { en: 'row       ', zh: '入库' },
};

function lineOf({ step, text, verdict }: Finding, language: Language): string {
  // A card and a platform may say anything.
  return `${marks[verdict]} ${labels[step][language]}  ${printable(text[language])}\n`;
}

function conclusion(findings: readonly Finding[], language: Language): string {
  const wrong = findings.filter(({ verdict }) => verdict === 'wrong').length;
  const en = wrong === 0 ? 'Nothing is wrong.' : `Wrong: ${wrong}. Begin with the first.`;
  const zh = wrong === 0 ? '未发现问题。' : `发现 ${wrong} 处问题,请从第一处开始。`;
  return `${language === 'zh' ? zh : en}\n`;
}
