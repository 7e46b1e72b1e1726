/** `registry suspend`, `resume`, `revoke` and `decommission`, and being asked before. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { tryLockExclusive } from '../../../gateway/data-folder/data-lock.ts';
import { paths } from '../../../gateway/data-folder/paths.ts';
import {
  type CommandWorld,
  RegistryCommands,
  runningWorld,
  stoppedWorld,
} from './command-world.ts';

describe.each([
  ['a running gateway', runningWorld],
  ['the files', stoppedWorld],
] as const)('the life of a device, with %s', (_name, open) => {
  let world: CommandWorld;
  const registry = new RegistryCommands(() => world);
  const press = '--enterprise acme --device press-1';
  const state = async () => (await registry.json(`show ${press}`)).state;
  beforeEach(async () => {
    world = await open();
    await registry.ok(`add ${press} --profile generic`);
  });
  afterEach(() => world.close());

  it('is interrupted and goes on', async () => {
    expect(await registry.ok(`suspend ${press}`)).toBe('acme.press-1  blocked (suspended)\n');
    expect(await registry.failure(`suspend ${press}`)).toEqual(['device.state-not-allowed', 1]);
    expect(await registry.ok(`resume ${press}`)).toBe('acme.press-1  registered\n');
    expect(await registry.failure(`resume ${press}`)).toEqual(['device.state-not-allowed', 1]);
    expect(await registry.json(`suspend ${press}`)).toMatchObject({ state: 'suspended' });
    expect(await registry.failure('suspend --enterprise acme --device none')).toEqual([
      'registry.not-found',
      1,
    ]);
  });

  it('is that of one device, whose id is one', async () => {
    const many = await registry.run('suspend --enterprise acme --device press-1,press-2');
    expect(many.exitCode).toBe(2);
    expect(many.stderr).toMatch(
      /^error: config\.invalid: .*--device: "press-1,press-2" must match/,
    );
    const other = await registry.run('show --enterprise a.b --device press-1');
    expect(other.stderr).toMatch(/--enterprise: "a\.b" must match/);
  });

  it('is told to the audit trail with its cause', async () => {
    await registry.ok(['suspend', ...press.split(' '), '--cause', 'sends nonsense since Tuesday']);
    const { items } = await registry.json(`audit ${press} --limit 1`);
    expect(items).toMatchObject([
      { event: 'suspend', to: 'suspended', cause: 'sends nonsense since Tuesday' },
    ]);
  });

  it.each([
    ['revoke', 'revoked'],
    ['decommission', 'decommissioned'],
  ])('ends with %s when a person says yes, and only then', async (event, ended) => {
    const asked = (answer: string) => registry.run(`${event} ${press}`, answer, { terminal: true });
    for (const answer of ['n\n', '\n', '', 'yess\n', 'no\nyes\n']) {
      const refused = await asked(answer);
      expect(refused.exitCode, answer).toBe(1);
      expect(refused.stderr).toMatch(/acme\.press-1 .*cannot be taken back\. \[y\/N\] /);
      expect(refused.stderr).toMatch(/error: command\.not-confirmed: /);
      expect(await state()).toBe('registered');
    }
    const done = await asked('Yes\n');
    expect(done.exitCode, done.stderr).toBe(0);
    expect(done.stdout).toBe(`acme.press-1  blocked (${ended})\n`);
    expect(await state()).toBe(ended);
  });

  it.each(['revoke', 'decommission'])(
    'does not end with %s where nobody can be asked',
    async (event) => {
      const outcome = await registry.run(`${event} ${press}`, 'yes\n');
      expect(outcome.exitCode).toBe(2);
      expect(outcome.stderr).toMatch(/^error: config\.invalid: .*--yes/);
      expect(await state()).toBe('registered');
      const sure = await registry.run(`${event} ${press} --yes --json`);
      expect(JSON.parse(sure.stdout)).toMatchObject({ word: 'blocked' });
    },
  );
});

it('no data folder is locked while somebody thinks', async () => {
  const world = await stoppedWorld();
  const registry = new RegistryCommands(() => world);
  await registry.ok('add --enterprise acme --device m --profile generic');
  const lock = tryLockExclusive(paths(world.data).gatewayLock)!;
  const line = 'revoke --enterprise acme --device m';
  const answered = await registry.run(line, 'n\n', { terminal: true });
  expect(answered.stderr).toMatch(/command\.not-confirmed/);
  lock.release();
  await world.close();
});
