/** How commands find the gateway they are meant for. */

import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deadLettersCommand } from '../../../gateway/commands/dead-letters.ts';
import { registryCommand } from '../../../gateway/commands/registry.ts';
import { tryLockExclusive } from '../../../gateway/data-folder/data-lock.ts';
import { paths } from '../../../gateway/data-folder/paths.ts';
import { run, runningWorld, stoppedWorld } from './command-world.ts';

describe('a command', () => {
  it('goes to the gateway named by --url, with the token of --token-file', async () => {
    const world = await runningWorld();
    const { http } = JSON.parse(readFileSync(paths(world.data).runtime, 'utf8'));
    const tokenFile = paths(world.data).operatorToken;
    const list = ['registry', 'list', '--url', `${http}/`, '--token-file', tokenFile];
    expect((await run(list)).exitCode).toBe(0);
    writeFileSync(tokenFile, 'another token');
    const refused = await run(list);
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(/^error: api\.unauthorized: .*operator\.token/);
    rmSync(tokenFile);
    expect((await run(list)).stderr).toMatch(/^error: command\.file-unreadable: /);
    await world.close();
  });

  it('says when nobody is there, or somebody else', async () => {
    const world = await stoppedWorld();
    const tokenFile = world.file('token', 'x');
    const list = ['registry', 'list', '--token-file', tokenFile, '--url'];
    const nobody = await run([...list, 'http://127.0.0.1:9']);
    expect(nobody.exitCode).toBe(1);
    expect(nobody.stderr).toMatch(/^error: command\.gateway-unreachable: .*127\.0\.0\.1:9.*\n$/);
    expect((await run([...list, 'not a url'])).exitCode).toBe(1);
    await world.close();
  });

  it('says that the gateway is starting while the lock is held and no address is known', async () => {
    const world = await stoppedWorld();
    const lock = tryLockExclusive(paths(world.data).gatewayLock)!;
    for (const content of [null, '', '{"http":7}']) {
      if (content !== null) writeFileSync(paths(world.data).runtime, content);
      const outcome = await world.run(['registry', 'list']);
      expect(outcome.exitCode).toBe(1);
      expect(outcome.stderr).toMatch(/^error: command\.gateway-unreachable: .*starting/);
    }
    lock.release();
    const free = await run(['registry', 'list', '--data', world.data]);
    expect(free.exitCode).toBe(0);
    expect(free.stderr).toBe(`No gateway runs on ${world.data}: opening its files.\n`);
    await world.close();
  });

  it('opens the files although a killed gateway left its address behind', async () => {
    const world = await stoppedWorld();
    writeFileSync(paths(world.data).runtime, '{"pid":1,"http":"http://127.0.0.1:9"}');
    expect((await world.run(['registry', 'list'])).exitCode).toBe(0);
    expect(existsSync(paths(world.data).registry)).toBe(true);
    const again = tryLockExclusive(paths(world.data).gatewayLock);
    expect(again).not.toBeNull();
    again?.release();
    await world.close();
  });

  it('makes no data folder by mistake', async () => {
    const world = await stoppedWorld();
    const typo = join(world.data, 'tpyo');
    const outcome = await run(['registry', 'list', '--data', typo]);
    expect(outcome.exitCode).toBe(2);
    expect(outcome.stderr).toMatch(/^error: config\.invalid: .*there is no data folder.*--data/);
    expect(existsSync(typo)).toBe(false);
    await world.close();
  });

  it('says when a database is damaged, and leaves the folder unlocked', async () => {
    const world = await stoppedWorld();
    writeFileSync(paths(world.data).registry, 'not a database, but long enough to be looked at');
    const outcome = await world.run(['registry', 'list']);
    expect(outcome.exitCode).toBe(1);
    expect(outcome.stderr).toMatch(/^error: database\.damaged: /);
    tryLockExclusive(paths(world.data).gatewayLock)!.release();
    await world.close();
  });
});

describe('what went wrong', () => {
  it('is said in the language of the environment; code and details stay', async () => {
    const world = await runningWorld();
    const shown = ['registry', 'show', '--enterprise', 'acme', '--device', 'none'];
    const english = await world.run(shown);
    expect(english.stderr).toMatch(/^error: registry\.not-found: [ -~]+ \(acme\.none\)\n$/);
    const chinese = await world.run(shown, '', { env: { LANG: 'zh_CN.UTF-8' } });
    expect(chinese.stderr).toMatch(
      /^error: registry\.not-found: .*[\u4e00-\u9fff].*。 \(acme\.none\)\n$/,
    );
    const posix = await world.run(shown, '', { env: { LC_ALL: 'C', LANG: 'zh_CN.UTF-8' } });
    expect(posix.stderr).toBe(english.stderr);
    await world.close();
  });

  it('is told of flags, in words', async () => {
    const world = await runningWorld();
    const said = async (line: string) => (await world.run(['registry', ...line.split(' ')])).stderr;
    const add = 'claim-add --enterprise acme';
    expect(await said(`${add} --expires 500d`)).toContain('(--expires: must be at most 366d)');
    expect(await said('list --limit 5000')).toContain('(--limit: must be at most 1000)');
    await world.close();
  });
});

/** Every command, by its two words. */
const everyCommand = [registryCommand(), deadLettersCommand()].flatMap((group) => [
  ...group.commands
    .filter((each) => each.name() !== 'help')
    .map((each) => [group.name(), each.name()]),
]);

describe('help', () => {
  it.each(everyCommand.map((words) => [words.join(' ')]))(
    'of %s has examples and every option',
    async (words) => {
      const { stdout, exitCode } = await run([...words.split(' '), '--help']);
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(new RegExp(`Examples:\\n {2}onramp ${words}`));
      for (const option of ['--data <folder>', '--url <url>', '--token-file <file>', '--json']) {
        expect(stdout).toContain(option);
      }
    },
  );

  it('of registry has a chapter for each thing, and every command in one of them', async () => {
    const { stdout } = await run(['registry', '--help']);
    expect(stdout).toMatch(/\nExamples:\n {2}onramp registry /);
    expect(stdout).toMatch(/\nOne device:\n {2}add /);
    expect(stdout).toMatch(/\nClient certificates:\n {2}ca-create /);
    expect(stdout).not.toMatch(/\nCommands:/);
  });
});
