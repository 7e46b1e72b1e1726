/** `registry audit`: who changed what, and what became of a device. */

import type { Command } from 'commander';
import { OnrampError } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import type { AuditEntry } from '../registry/lives.ts';
import {
  type CommandEnvironment,
  type CommandRun,
  subcommand,
  withOperator,
} from './command-line.ts';
import { type PageOptions, pageOptions, printList, timeText } from './listing.ts';

interface AuditOptions extends PageOptions {
  readonly enterprise?: string;
  readonly device?: string;
}

/** Adds the command to `group`. */
export function addAuditCommand(group: Command, environment: CommandEnvironment): void {
  pageOptions(
    subcommand(
      group,
      'audit',
      'Who changed what, and what became of a device; newest first, a page at a time',
      [
        'onramp registry audit --enterprise acme --device press-1',
        'onramp registry audit --limit 20 --json',
      ],
      environment,
    )
      .option('--enterprise <id>', 'only of this enterprise')
      .option('--device <id>', 'only of this device, which needs its enterprise'),
  ).action(withOperator(environment, audit));
}

async function audit(run: CommandRun, options: AuditOptions): Promise<void> {
  const { enterprise, device, limit, after } = options;
  if (device !== undefined && enterprise === undefined) {
    throw new OnrampError('config.invalid', '--device needs --enterprise');
  }
  const query = { enterprise, device, limit, after };
  await printList<AuditEntry>(run, '/audit', query, {
    TIME: ({ atMs }) => timeText(atMs),
    OF: ({ enterprise: of, device }) => (device === null ? of : deviceKey(of, device)),
    EVENT: ({ event }) => event,
    CHANGE: ({ from, to }) => (from === null ? (to ?? '') : `${from} > ${to}`),
    BY: ({ actor }) => actor,
    CAUSE: ({ cause }) => cause,
  });
}
