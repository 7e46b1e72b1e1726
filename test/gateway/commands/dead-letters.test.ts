/** `onramp dead-letters`, with a running gateway and with the files of a stopped one. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { letter } from '../api/api-world.ts';
import { type CommandWorld, runningWorld, stoppedWorld } from './command-world.ts';

const worlds = { 'a running gateway': runningWorld, 'the files': stoppedWorld };

describe.each(Object.entries(worlds))('dead-letters, with %s', (name, open) => {
  let world: CommandWorld;
  beforeEach(async () => {
    world = await open();
    await world.withDeadLetters((letters) =>
      letters.put([
        letter(1, { detail: 'power: \u001b[2J"no\nnumber"' }),
        letter(2, { enterprise: 'beta', code: 'reading.empty' }),
      ]),
    );
  });
  afterEach(() => world.close());

  const deadLetters = (line: string) => world.run(['dead-letters', ...line.split(' ')]);

  it('lists what was refused, and lets no device control the terminal', async () => {
    const { stdout, exitCode } = await deadLetters('list');
    expect(exitCode).toBe(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatch(/^2026-01-01T00:00:00\.002Z {2}beta\.press-1 {2}reading\.empty /);
    expect(lines[2]).toMatch(/signal\.out-of-range {2}waiting {2}power: {2}\[2J"no number"$/);
  });

  it('filters, pages, and prints JSON', async () => {
    const page = JSON.parse((await deadLetters('list --json --code reading.empty')).stdout);
    expect(page).toMatchObject({ items: [{ enterprise: 'beta' }], next: null });
    const first = await deadLetters('list --limit 1');
    const next = /--after (\d+)/.exec(first.stderr)?.[1];
    const second = await deadLetters(`list --json --limit 1 --after ${next}`);
    expect(JSON.parse(second.stdout)).toMatchObject({ items: [{ enterprise: 'acme' }] });
    expect((await deadLetters('list --code nothing')).exitCode).toBe(2);
  });

  it('replays through the gateway, and says so when none runs', async () => {
    const { stdout, stderr, exitCode } = await deadLetters('replay --enterprise acme --limit 5');
    if (name === 'the files') {
      expect(exitCode).toBe(1);
      expect(stderr).toMatch(/^error: command\.needs-gateway: .*onramp gateway.*\n$/);
      return;
    }
    expect(exitCode).toBe(0);
    expect(stdout).toBe('3 tried, 2 stored, 1 refused again.\n');
    const { replays } = (world as Awaited<ReturnType<typeof runningWorld>>).api;
    expect(replays).toEqual([{ enterprise: 'acme', limit: 5 }]);
    for (const limit of ['many', '0', '10001', '1000.5']) {
      expect((await deadLetters(`replay --limit ${limit}`)).exitCode).toBe(2);
    }
    expect(replays).toHaveLength(1);
  });

  it.skipIf(name === 'the files')('replays many in pages, and says how far it is', async () => {
    const { replayReports, replays } = (world as Awaited<ReturnType<typeof runningWorld>>).api;
    const pages = [
      { tried: 1000, stored: 900, refusedAgain: 100, next: 1012 },
      { tried: 1000, stored: 1000, refusedAgain: 0, next: 2012 },
    ];
    replayReports.push(...pages);
    const { stdout, stderr } = await deadLetters('replay --code reading.empty --limit 2500');
    expect(stdout).toBe('2003 tried, 1902 stored, 101 refused again.\n');
    expect(stderr.split('\n')).toEqual([
      '1000 tried, 900 stored, 100 refused again …',
      '2000 tried, 1900 stored, 100 refused again …',
      '2003 tried, 1902 stored, 101 refused again …',
      '',
    ]);
    expect(replays).toEqual([
      { code: 'reading.empty', limit: 1000 },
      { code: 'reading.empty', after: 1012, limit: 1000 },
      { code: 'reading.empty', after: 2012, limit: 500 },
    ]);
    replayReports.push(...pages);
    const json = JSON.parse((await deadLetters('replay --json --limit 2000')).stdout);
    expect(json).toEqual({ tried: 2000, stored: 1900, refusedAgain: 100, next: 2012 });
  });
});
