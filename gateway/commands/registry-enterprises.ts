/** `registry enterprise-list`, `enterprise-show` and `enterprise-set`. */

import type { Command } from 'commander';
import { errorCodeOf } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import { entityTag } from '../api/entity-tag.ts';
import type { PlaceCounts } from '../onboarding/onboarding.ts';
import type { RegisteredEnterprise } from '../registry/registry.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  printJson,
  subcommand,
  withOperator,
} from './command-line.ts';
import { type PageOptions, pageOptions, printFields, printList, timeText } from './listing.ts';
import { ask, jsonBody } from './operator.ts';
import { idOf, wholeNumberOr } from './option-values.ts';
import { countsNotYet, countsTable } from './registry-counts.ts';

interface ListOptions extends PageOptions {
  readonly district?: string;
  readonly text?: string;
}

interface OneEnterprise {
  readonly enterprise: string;
}

interface SetOptions extends OneEnterprise {
  readonly nameZh?: string;
  readonly nameEn?: string;
  readonly district?: string;
  readonly industry?: string;
  readonly sessionsMax?: number | 'default';
  readonly messagesPerSecond?: number | 'default';
}

type CountedEnterprise = RegisteredEnterprise & { readonly counts: PlaceCounts | null };

/** Adds the commands to `group`. */
export function addEnterpriseCommands(group: Command, environment: CommandEnvironment): void {
  pageOptions(
    subcommand(
      group,
      'enterprise-list',
      'List enterprises, a page at a time',
      [
        'onramp registry enterprise-list --district wujin',
        'onramp registry enterprise-list --json',
      ],
      environment,
    )
      .option('--district <id>', 'only in this district')
      .option('--text <text>', 'only with this in the id or the name'),
  ).action(withOperator(environment, listEnterprises));

  subcommand(
    group,
    'enterprise-show',
    'Show an enterprise, its limits, and how far its devices have come',
    ['onramp registry enterprise-show --enterprise acme'],
    environment,
  )
    .requiredOption('--enterprise <id>', 'which enterprise')
    .action(withOperator(environment, showEnterprise));

  addSetCommand(group, environment);
}

function addSetCommand(group: Command, environment: CommandEnvironment): void {
  subcommand(
    group,
    'enterprise-set',
    'Describe an enterprise, or set its limits; it is added when it is new. What is not named stays',
    [
      'onramp registry enterprise-set --enterprise acme --name-zh 埃克米 --name-en Acme --district wujin',
      'onramp registry enterprise-set --enterprise acme --sessions-max 500 --messages-per-second default',
    ],
    environment,
  )
    .requiredOption('--enterprise <id>', 'which enterprise')
    .option('--name-zh <text>', 'its name in Chinese')
    .option('--name-en <text>', 'its name in English')
    .option('--district <id>', 'where it is')
    .option('--industry <code>', 'two digits of GB/T 4754')
    .option(
      '--sessions-max <n>',
      "sessions it may have at once; default: as the gateway's settings say",
      wholeNumberOr('default', 1, limits.enterpriseSessionsMax),
    )
    .option(
      '--messages-per-second <n>',
      "messages it may send in a second; default: as the gateway's settings say",
      wholeNumberOr('default', 1, limits.enterpriseMessagesPerSecondMax),
    )
    .action(withOperator(environment, setEnterprise));
}

async function listEnterprises(
  run: CommandRun,
  { district, text, limit, after }: ListOptions,
): Promise<void> {
  const query = { district, text, limit, after };
  await printList<RegisteredEnterprise>(run, '/enterprises', query, {
    ENTERPRISE: ({ id }) => id,
    DEVICES: ({ devices }) => String(devices),
    DISTRICT: (each) => each.district,
    INDUSTRY: ({ industry }) => industry,
    SESSIONS: (each) => limitText(each.limits.sessionsMax),
    'MESSAGES/S': (each) => limitText(each.limits.messagesPerSecondMax),
    NAME: nameText,
  });
}

async function showEnterprise(run: CommandRun, options: OneEnterprise): Promise<void> {
  const path = enterprisePath(options);
  const enterprise = await ask<CountedEnterprise>(run.operator, { method: 'GET', path });
  if (run.json) {
    printJson(run, enterprise);
    return;
  }
  printEnterprise(run, enterprise);
  if (enterprise.counts === null) {
    const offline = run.operator.notice !== null;
    run.stderr.write(offline ? 'Counts need a running gateway.\n' : countsNotYet);
  } else run.stdout.write(`\n${countsTable({ [enterprise.id]: enterprise.counts })}`);
}

async function setEnterprise(run: CommandRun, options: SetOptions): Promise<void> {
  const { district, industry } = options;
  const sessionsMax = limitOf(options.sessionsMax);
  const messagesPerSecondMax = limitOf(options.messagesPerSecond);
  const found = await registeredOrNull(run, options);
  const limitsSet = sessionsMax !== undefined || messagesPerSecondMax !== undefined;
  const change = {
    name: nameOf(options, found),
    district,
    industry,
    ...(limitsSet && { limits: { sessionsMax, messagesPerSecondMax } }),
  };
  const enterprise = await ask<RegisteredEnterprise>(run.operator, {
    method: 'PUT',
    path: enterprisePath(options),
    ...(found !== null && { headers: { 'if-match': entityTag(found.revision) } }),
    body: jsonBody(change),
  });
  if (run.json) printJson(run, enterprise);
  else printEnterprise(run, enterprise);
}

/** As the API has it: null takes a limit away, undefined leaves it. */
function limitOf(given: number | 'default' | undefined): number | null | undefined {
  return given === 'default' ? null : given;
}

async function registeredOrNull(
  run: CommandRun,
  options: OneEnterprise,
): Promise<RegisteredEnterprise | null> {
  try {
    return await ask(run.operator, { method: 'GET', path: enterprisePath(options) });
  } catch (error) {
    if (errorCodeOf(error) === 'registry.not-found') return null;
    throw error;
  }
}

/** Both names, when one is given: the other one stays, and is the same where there was none. */
function nameOf({ nameZh, nameEn }: SetOptions, found: RegisteredEnterprise | null) {
  const given = nameZh ?? nameEn;
  if (given === undefined) return undefined;
  return { zh: nameZh ?? found?.name.zh ?? given, en: nameEn ?? found?.name.en ?? given };
}

function printEnterprise(run: CommandRun, enterprise: RegisteredEnterprise): void {
  printFields(run, {
    enterprise: enterprise.id,
    name: nameText(enterprise),
    district: enterprise.district,
    industry: enterprise.industry,
    devices: String(enterprise.devices),
    sessions: limitText(enterprise.limits.sessionsMax),
    'messages/s': limitText(enterprise.limits.messagesPerSecondMax),
    registered: timeText(enterprise.createdAtMs),
    revision: String(enterprise.revision),
  });
}

function limitText(limit: number | null): string {
  return limit === null ? 'default' : `at most ${limit}`;
}

function nameText({ name: { en, zh } }: RegisteredEnterprise): string {
  return zh === en ? en : `${en} ${zh}`;
}

function enterprisePath({ enterprise }: OneEnterprise): string {
  return `/enterprises/${encodeURIComponent(idOf('--enterprise', enterprise))}`;
}
