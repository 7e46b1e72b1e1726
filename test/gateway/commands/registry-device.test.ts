/** `registry show`, `set`, `list --state` and `add --again`. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  type CommandWorld,
  RegistryCommands,
  runningWorld,
  stoppedWorld,
} from './command-world.ts';

describe.each([
  ['a running gateway', runningWorld],
  ['the files', stoppedWorld],
] as const)('one device, with %s', (name, open) => {
  let world: CommandWorld;
  const registry = new RegistryCommands(() => world);
  const runs = name === 'a running gateway';
  const press = '--enterprise acme --device press-1';
  beforeEach(async () => {
    world = await open();
    await registry.ok(`add ${press} --profile generic --serial sn-1`);
  });
  afterEach(() => world.close());

  it('is shown with everything there is to know', async () => {
    const text = await registry.ok(`show ${press}`);
    const fields = Object.fromEntries(
      text
        .trimEnd()
        .split('\n')
        .map((line) => line.split(/ {2,}/)),
    );
    expect(fields).toMatchObject({
      device: 'acme.press-1',
      kind: 'device',
      profile: 'generic',
      gateway: '-',
      serial: 'sn-1',
      state: 'registered',
      online: runs ? 'no' : 'no gateway runs',
      registered: expect.stringMatching(/^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\dZ$/),
      'first row': 'never',
      'last row': 'never',
      revision: '1',
    });
    expect(await registry.json(`show ${press}`)).toMatchObject({
      id: 'acme.press-1',
      word: 'registered',
      online: runs ? false : null,
      revision: 1,
    });
    expect(await registry.failure('show --enterprise acme --device none')).toEqual([
      'registry.not-found',
      1,
    ]);
  });

  it('is changed in what is named, and in nothing else', async () => {
    await registry.ok('add --enterprise acme --device gw --kind gateway');
    const changed = await registry.json(`set ${press} --gateway gw --district wujin --industry 35`);
    expect(changed).toMatchObject({
      gateway: 'gw',
      district: 'wujin',
      industry: '35',
      serial: 'sn-1',
      profile: 'generic',
    });
    const cleared = await registry.json(`set ${press} --gateway none --serial none`);
    expect(cleared).toMatchObject({ gateway: null, serial: null, district: 'wujin' });
    expect(await registry.ok(`set ${press} --profile env-sensor`)).toMatch(
      /\nprofile +env-sensor\n/,
    );
    if ('api' in world) {
      const { told } = (world as Awaited<ReturnType<typeof runningWorld>>).api.onboarding;
      expect(told).toContain('identity acme.press-1');
    }
  });

  it('is left alone when somebody was faster, or nothing is to be changed', async () => {
    const { revision } = await registry.json(`show ${press}`);
    await registry.ok(`set ${press} --district wujin --revision ${revision}`);
    const late = `set ${press} --district xinbei --revision ${revision}`;
    expect(await registry.failure(late)).toEqual(['api.version-mismatch', 1]);
    expect(await registry.json(`show ${press}`)).toMatchObject({ district: 'wujin' });
    expect(await registry.failure(`set ${press}`)).toEqual(['config.invalid', 2]);
    expect((await registry.run(`set ${press} --district x --revision y`)).exitCode).toBe(2);
    expect(await registry.failure(`set ${press} --profile nothing`)).toEqual([
      'registry.unknown-profile',
      1,
    ]);
  });

  it('is listed by its state, and comes back when it is registered again', async () => {
    await registry.ok('add --enterprise acme --device press-2 --profile generic');
    await registry.ok('suspend --enterprise acme --device press-2');
    await registry.ok(`revoke ${press} --yes`);
    expect(await registry.ok('list')).toMatch(
      /^DEVICE +KIND +STATE .*\nacme\.press-1 +device +blocked \(revoked\) .*\nacme\.press-2 +device +blocked \(suspended\) /,
    );
    expect(await registry.ok('list --state revoked')).toMatch(/^DEVICE.*\nacme\.press-1 [^\n]*\n$/);
    expect((await registry.run('list --state asleep')).exitCode).toBe(2);

    const again = `add ${press} --profile generic`;
    const refused = await registry.run(again);
    expect(refused.stderr).toMatch(/^error: registry\.exists: .*\n.*\n.*--again/);
    expect((await registry.json(`${again} --again`)).clientId).toBe('acme.press-1');
    expect(await registry.json(`show ${press}`)).toMatchObject({ state: 'registered' });
    const living = 'add --enterprise acme --device press-2 --profile generic --again';
    expect(await registry.failure(living)).toEqual(['device.state-not-allowed', 1]);
  });
});
