/** `registry enterprise-list`, `enterprise-show`, `enterprise-set` and `counts`. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { PlaceCounts } from '../../../gateway/onboarding/onboarding.ts';
import {
  type CommandWorld,
  RegistryCommands,
  runningWorld,
  stoppedWorld,
} from './command-world.ts';

/** Numbers that are all different. */
function placeCounts(base: number): PlaceCounts {
  const nested = (n: number) => ({
    registered: n + 4,
    activated: n + 3,
    connected: n + 2,
    online: n,
  });
  return { production: nested(base), other: nested(base + 10), enterprises: nested(base + 20) };
}

describe.each([
  ['a running gateway', runningWorld],
  ['the files', stoppedWorld],
] as const)('enterprises, with %s', (_name, open) => {
  let world: CommandWorld;
  const registry = new RegistryCommands(() => world);
  beforeEach(async () => {
    world = await open();
  });
  afterEach(() => world.close());

  it('are added, described and limited; what is not named stays', async () => {
    const set = 'enterprise-set --enterprise acme';
    expect(await registry.json(`${set} --name-zh 埃克米 --district wujin`)).toMatchObject({
      name: { zh: '埃克米', en: '埃克米' },
      district: 'wujin',
      limits: { sessionsMax: null, messagesPerSecondMax: null },
    });
    const named = await registry.json(`${set} --name-en Acme --sessions-max 500`);
    expect(named).toMatchObject({
      name: { zh: '埃克米', en: 'Acme' },
      district: 'wujin',
      limits: { sessionsMax: 500, messagesPerSecondMax: null },
    });
    const text = await registry.ok(`${set} --messages-per-second 20 --sessions-max default`);
    expect(text).toMatch(/\nname +Acme 埃克米\n.*\nsessions +default\nmessages\/s +at most 20\n/s);
    expect(await registry.json(set)).toMatchObject({ revision: named.revision + 1 });
    for (const wrong of ['--sessions-max 0', '--sessions-max many', '--messages-per-second 1.5']) {
      expect((await registry.run(`${set} ${wrong}`)).exitCode).toBe(2);
    }
    if ('api' in world) {
      const { told } = (world as Awaited<ReturnType<typeof runningWorld>>).api.onboarding;
      expect(told.filter((each) => each === 'limits acme')).toHaveLength(2);
    }
  });

  it('are listed and shown', async () => {
    await registry.ok('add --enterprise acme --device m --profile generic --district wujin');
    await registry.ok('enterprise-set --enterprise beta --name-en Beta --district xinbei');
    expect(await registry.ok('enterprise-list --district wujin')).toMatch(
      /^ENTERPRISE +DEVICES +DISTRICT .*\nacme +1 +wujin +\S+ +default +default +acme\n$/,
    );
    expect((await registry.json('enterprise-list --text BET')).items).toMatchObject([
      { id: 'beta' },
    ]);
    const page = await registry.run('enterprise-list --limit 1');
    expect(page.stderr).toContain('--after acme');
    expect(await registry.ok('enterprise-show --enterprise acme')).toMatch(
      /^enterprise +acme\n.*\ndevices +1\n/s,
    );
    expect(await registry.failure('enterprise-show --enterprise none')).toEqual([
      'registry.not-found',
      1,
    ]);
  });
});

describe('counts', () => {
  it('are those of the running gateway, with what they mean', async () => {
    const world = await runningWorld();
    const registry = new RegistryCommands(() => world);
    await registry.ok('add --enterprise acme --device m --profile generic');
    const early = await registry.run('counts');
    expect([early.exitCode, early.stdout]).toEqual([1, '']);
    expect(early.stderr).toMatch(/ask again in a moment/);

    const city = placeCounts(100);
    const districts = { wujin: placeCounts(40), xinbei: placeCounts(60) };
    world.api.onboarding.known = { city, byDistrict: districts, byIndustry: {} };
    world.api.onboarding.knownOf.set('acme', placeCounts(0));
    const text = await registry.ok('counts');
    expect(text).toMatch(/^PLACE +OF +REGISTERED +ACTIVATED +CONNECTED +ONLINE\n/);
    expect(text).toMatch(/\ncity +production devices +104 +103 +102 +100\n/);
    expect(text).toMatch(/\ncity +other devices +114 +113 +112 +110\n/);
    expect(text).toMatch(/\nwujin +enterprises +64 +63 +62 +60\n/);
    expect(text).toMatch(/\n\nRegistered: .*\nActivated: .*\nConnected: .*\nOnline: .*\n$/);
    expect(await registry.json('counts')).toMatchObject({ counts: { city } });

    expect(await registry.ok('counts --enterprise acme')).toMatch(
      /\nacme +production devices +4 +3 +2 +0\n/,
    );
    expect(await registry.ok('enterprise-show --enterprise acme')).toMatch(
      /\n\nPLACE .*\nacme +production devices +4 +3 +2 +0\n/,
    );
    expect(await registry.failure('counts --enterprise none')).toEqual(['registry.not-found', 1]);
    await world.close();
  });

  it('need one', async () => {
    const world = await stoppedWorld();
    const registry = new RegistryCommands(() => world);
    await registry.ok('add --enterprise acme --device m --profile generic');
    expect(await registry.failure('counts')).toEqual(['command.needs-gateway', 1]);
    const shown = await registry.run('enterprise-show --enterprise acme');
    expect(shown.stderr).toMatch(/Counts need a running gateway/);
    expect(shown.exitCode).toBe(0);
    await world.close();
  });
});
