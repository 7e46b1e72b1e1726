/** `registry claim-add`, `claim-list`, `claim-revoke` and `claim-serials`. */

import type { Command } from 'commander';
import { provisioningTopic } from '../../model/dialects/native-provisioning.ts';
import { limits } from '../../model/limits.ts';
import { type ClaimEntry, claimProblem } from '../registry/claims.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  printJson,
  subcommand,
  withOperator,
} from './command-line.ts';
import { type PageOptions, pageOptions, printFields, printList, timeText } from './listing.ts';
import { ask, jsonBody } from './operator.ts';
import { keyInPath, wholeNumber } from './option-values.ts';
import { requestParts, serialsIn } from './serial-file.ts';

/** How many devices a claim is for when nobody says. */
const devicesDefault = 100;

type ListedClaim = ClaimEntry & { readonly key: string };

type IssuedClaim = ListedClaim & {
  readonly secret: string;
  readonly clientId: string;
  readonly username: string;
};

interface AddOptions {
  readonly enterprise: string;
  readonly profile?: string;
  readonly devices?: number;
  readonly expires: string;
  readonly serials?: string;
  readonly name?: string;
}

interface OneClaim {
  readonly enterprise: string;
  readonly claim: string;
}

/** Adds the commands to `group`. */
export function addClaimCommands(group: Command, environment: CommandEnvironment): void {
  subcommand(
    group,
    'claim-add',
    'Issue a claim: a credential that many machines share, good for nothing but getting their own. ' +
      'It brings serials on board that nobody registered; a device that is registered keeps the ' +
      'secret it has, unless it never connected and --serials lists it. Its secret is printed once',
    [
      'onramp registry claim-add --enterprise acme --profile generic --devices 500 --expires 7d',
      'onramp registry claim-add --enterprise acme --serials serials.txt --name "hall 3" --json',
    ],
    environment,
  )
    .requiredOption('--enterprise <id>', 'whose devices may use it')
    .option('--profile <id>', 'of devices that do not say theirs')
    .option(
      '--devices <n>',
      `how many it may bring on board (default: one for each serial, else ${devicesDefault})`,
      wholeNumber(1, limits.claimDevicesMax),
    )
    .option('--expires <time>', 'from now, such as 12h or 7d', '7d')
    .option(
      '--serials <file>',
      'only these, one a line, also of registered devices; - is standard input',
    )
    .option('--name <text>', 'for people')
    .action(withOperator(environment, addClaim));

  pageOptions(
    subcommand(
      group,
      'claim-list',
      'List claims, a page at a time; their secrets are stored nowhere',
      ['onramp registry claim-list --enterprise acme'],
      environment,
    ).option('--enterprise <id>', 'only of this enterprise'),
  ).action(withOperator(environment, listClaims));

  oneClaim(
    subcommand(
      group,
      'claim-revoke',
      'Void a claim at once. Credentials that it has given out already stay valid: suspend or revoke ' +
        'the devices that must not have one',
      ['onramp registry claim-revoke --enterprise acme --claim hall-3'],
      environment,
    ),
  ).action(withOperator(environment, revokeClaim));

  oneClaim(
    subcommand(
      group,
      'claim-serials <file>',
      'Add serials, one a line, to the list of a claim that has one; - is standard input',
      ['onramp registry claim-serials more.txt --enterprise acme --claim hall-3'],
      environment,
    ),
  ).action(withOperator(environment, addSerials));
}

function oneClaim(command: Command): Command {
  return command
    .requiredOption('--enterprise <id>', 'whose claim it is')
    .requiredOption('--claim <id>', 'its id, which "claim-add" printed');
}

async function addClaim(run: CommandRun, options: AddOptions): Promise<void> {
  const { enterprise, profile, expires: expiresIn, name } = options;
  const listed =
    options.serials === undefined ? undefined : await serialsIn(options.serials, run.stdin);
  const [serials, ...rest] = listed === undefined ? [] : requestParts(listed);
  const devicesMax = options.devices ?? (listed?.length || devicesDefault);
  const claim = await ask<IssuedClaim>(run.operator, {
    method: 'POST',
    path: '/claims',
    body: jsonBody({ enterprise, profile, expiresIn, name, devicesMax, serials }),
  });
  let listedSerials = claim.serials;
  // The secret exists: it is shown whatever becomes of the rest.
  try {
    for (const part of rest) {
      ({ serials: listedSerials } = await sendSerials(run, { enterprise, claim: claim.id }, part));
    }
  } finally {
    printIssued(run, { ...claim, serials: listedSerials });
  }
}

function printIssued(run: CommandRun, claim: IssuedClaim): void {
  const topic = (channel: 'request' | 'response') =>
    provisioningTopic({ enterprise: claim.enterprise, serial: '{serial}', channel });
  const use = {
    requestTopic: topic('request'),
    responseTopic: topic('response'),
    request:
      claim.profile === null
        ? '{"serial":"{serial}","profile":"{profile}"}'
        : '{"serial":"{serial}"}',
  };
  if (run.json) {
    printJson(run, { ...claim, ...use });
    return;
  }
  printFields(run, {
    claim: claim.id,
    'good for': `${claim.devicesMax} devices until ${timeText(claim.expiresAtMs)}`,
    serials: claim.serials === null ? 'any' : `${claim.serials} are listed`,
    profile: claim.profile ?? 'each device says its own',
    'client id': claim.clientId,
    'user name': claim.username,
    password: claim.secret,
    'subscribe to': use.responseTopic,
    'publish to': use.requestTopic,
    request: use.request,
  });
  run.stderr.write(
    'The password is stored nowhere: keep it now. {serial} is the serial number of each machine. ' +
      'A machine of another profile than the claim adds "profile":"{profile}" to its request. It ' +
      'takes clientId, username and password from the answer, and connects again with them.\n',
  );
}

async function listClaims(
  run: CommandRun,
  { enterprise, limit, after }: PageOptions & { readonly enterprise?: string },
): Promise<void> {
  const nowMs = run.clock.nowMs();
  await printList<ListedClaim>(
    run,
    '/claims',
    { enterprise, limit, after },
    {
      CLAIM: ({ key }) => key,
      STATE: (claim) => claimState(claim, nowMs),
      DEVICES: ({ devices, devicesMax }) => `${devices}/${devicesMax}`,
      SERIALS: ({ serials }) => (serials === null ? 'any' : String(serials)),
      PROFILE: ({ profile }) => profile ?? '',
      EXPIRES: ({ expiresAtMs }) => timeText(expiresAtMs),
      NAME: ({ name }) => name,
    },
  );
}

function claimState(claim: ClaimEntry, nowMs: number): string {
  const problem = claimProblem(claim, nowMs);
  if (problem !== null) return problem.slice('claim.'.length);
  return claim.devices < claim.devicesMax ? 'valid' : 'spent';
}

async function revokeClaim(run: CommandRun, { enterprise, claim }: OneClaim): Promise<void> {
  const revoked = await ask<ListedClaim>(run.operator, {
    method: 'POST',
    path: `${claimPath({ enterprise, claim })}/revoke`,
  });
  if (run.json) printJson(run, revoked);
  else run.stdout.write(`${revoked.key}  revoked, ${revoked.devices} devices keep their own\n`);
}

async function addSerials(
  run: CommandRun,
  options: OneClaim,
  [file]: readonly string[],
): Promise<void> {
  let claim: ListedClaim | undefined;
  for (const part of requestParts(await serialsIn(file!, run.stdin))) {
    claim = await sendSerials(run, options, part);
  }
  if (run.json) printJson(run, claim);
  else run.stdout.write(`${claim?.key}  ${claim?.serials} serials are listed\n`);
}

function sendSerials(
  run: CommandRun,
  claim: OneClaim,
  serials: readonly string[],
): Promise<ListedClaim> {
  const path = `${claimPath(claim)}/serials`;
  return ask(run.operator, { method: 'POST', path, body: jsonBody({ serials }) });
}

function claimPath({ enterprise, claim }: OneClaim): string {
  return `/claims/${keyInPath(enterprise, '--claim', claim)}`;
}
