/** `registry token-add`, `token-list` and `token-revoke`. */

import { type Command, Option } from 'commander';
import { OnrampError } from '../../model/errors.ts';
import type { TokenEntry } from '../registry/tokens.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  printJson,
  subcommand,
  withOperator,
} from './command-line.ts';
import {
  goodText,
  type PageOptions,
  pageOptions,
  printFields,
  printList,
  timeText,
} from './listing.ts';
import { ask, jsonBody } from './operator.ts';

interface AddOptions {
  readonly role: string;
  readonly enterprise?: string;
  readonly name?: string;
  readonly expires: string;
}

/** Adds the commands to `group`. */
export function addTokenCommands(group: Command, environment: CommandEnvironment): void {
  subcommand(
    group,
    'token-add',
    'Issue a token of the HTTP API and print it, once. "operator" may do everything; "enterprise" ' +
      'sees and changes what belongs to one enterprise; "viewer" only reads',
    [
      'onramp registry token-add --role enterprise --enterprise acme --name MES --expires 90d',
      'onramp registry token-add --role viewer --name "wall screen" --json',
    ],
    environment,
  )
    .addOption(
      new Option('--role <role>', 'what it may do')
        .choices(['operator', 'enterprise', 'viewer'])
        .makeOptionMandatory(),
    )
    .option('--enterprise <id>', 'confines it to one enterprise; needed by the role enterprise')
    .option('--name <text>', 'for people')
    .option('--expires <time>', 'from now, such as 12h or 30d', '90d')
    .action(withOperator(environment, addToken));

  pageOptions(
    subcommand(
      group,
      'token-list',
      'List tokens, a page at a time; their texts are stored nowhere',
      ['onramp registry token-list', 'onramp registry token-list --enterprise acme'],
      environment,
    ).option('--enterprise <id>', 'only of this enterprise'),
  ).action(withOperator(environment, listTokens));

  subcommand(
    group,
    'token-revoke <id>',
    'Void a token at once',
    ['onramp registry token-revoke 7h2k9x'],
    environment,
  ).action(withOperator(environment, revokeToken));
}

async function addToken(run: CommandRun, options: AddOptions): Promise<void> {
  const { role, enterprise, name, expires: expiresIn } = options;
  if (role === 'enterprise' && enterprise === undefined) {
    throw new OnrampError('config.invalid', '--role enterprise needs --enterprise');
  }
  if (role === 'operator' && enterprise !== undefined) {
    throw new OnrampError('config.invalid', '--role operator goes without --enterprise');
  }
  const issued = await ask<TokenEntry & { readonly token: string }>(run.operator, {
    method: 'POST',
    path: '/tokens',
    body: jsonBody({ role, enterprise, name, expiresIn }),
  });
  if (run.json) {
    printJson(run, issued);
    return;
  }
  printFields(run, {
    token: issued.token,
    id: issued.id,
    role: issued.role,
    enterprise: issued.enterprise ?? 'all',
    expires: timeText(issued.expiresAtMs),
  });
  run.stderr.write('The token is stored nowhere: keep it now. Requests send it as Bearer token.\n');
}

async function listTokens(
  run: CommandRun,
  { enterprise, limit, after }: PageOptions & { readonly enterprise?: string },
): Promise<void> {
  const nowMs = run.clock.nowMs();
  await printList<TokenEntry>(
    run,
    '/tokens',
    { enterprise, limit, after },
    {
      TOKEN: ({ id }) => id,
      ROLE: ({ role }) => role,
      ENTERPRISE: (token) => token.enterprise ?? 'all',
      STATE: ({ revokedAtMs, expiresAtMs: untilMs }) => goodText({ revokedAtMs, untilMs }, nowMs),
      EXPIRES: ({ expiresAtMs }) => timeText(expiresAtMs),
      'LAST USED': ({ lastUsedAtMs }) => (lastUsedAtMs === null ? 'never' : timeText(lastUsedAtMs)),
      NAME: ({ name }) => name,
    },
  );
}

async function revokeToken(
  run: CommandRun,
  _options: object,
  [id]: readonly string[],
): Promise<void> {
  const revoked = await ask<TokenEntry>(run.operator, {
    method: 'POST',
    path: `/tokens/${encodeURIComponent(id!)}/revoke`,
  });
  if (run.json) printJson(run, revoked);
  else run.stdout.write(`${revoked.id}  revoked\n`);
}
