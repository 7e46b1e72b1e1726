// Registries of earlier versions of the file must open, with everything that was in them.

import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it, onTestFinished } from 'vitest';
import { registryFile } from '../../../../gateway/registry/sqlite/schema.ts';
import { openReader, openRegistry } from '../../../../gateway/registry/sqlite/sqlite.ts';
import { systemClock } from '../../../../model/clock.ts';
import { secretHash } from '../../../../model/fleet-secret.ts';
import { temporaryFolder } from '../../../helpers/temporary-folder.ts';

const sealKey = Buffer.alloc(32, 1);

/** A registry as the first version of the schema left it. */
function firstVersion(path: string): void {
  const db = new DatabaseSync(path);
  db.exec(registryFile(path).migrations[0]!);
  db.exec('PRAGMA user_version = 1');
  const enterprise = db.prepare('INSERT INTO enterprise VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)');
  for (const id of ['acme', 'bolt']) {
    enterprise.run(id, id, id, 'wujin', 'west', '34', 'above', 'caxa', 7);
  }
  const device = db.prepare('INSERT INTO device VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const add = (owner: string, id: string, kind: string, serial: string | null) =>
    device.run(
      owner,
      id,
      kind,
      'agv',
      'wujin',
      '34',
      null,
      serial,
      secretHash(id),
      0,
      'registered',
      8,
    );
  add('acme', 'a', 'device', 'sn-1');
  add('acme', 'b', 'device', 'sn-1');
  add('acme', 'c', 'device', 'sn-1');
  add('acme', 'd', 'device', null);
  add('acme', 'e', 'gateway', null);
  add('bolt', 'a', 'device', 'sn-1');
  db.prepare('INSERT INTO profile VALUES (?, ?, ?, ?, ?, ?)').run(
    'acme.press',
    'acme',
    '{"id":"acme.press","signals":[]}',
    '{}',
    9,
    9,
  );
  db.close();
}

it('opens a registry of the first version; of devices that share a serial one keeps it', async () => {
  const path = join(temporaryFolder(), 'registry.db');
  firstVersion(path);
  const registry = openRegistry({ path, clock: systemClock, sealKey });
  onTestFinished(() => registry.close());
  const { items } = await registry.list({}, { limit: 10 });
  expect(items.map((item) => [item.enterprise, item.device, item.serial])).toEqual([
    ['acme', 'a', 'sn-1'],
    ['acme', 'b', undefined],
    ['acme', 'c', undefined],
    ['acme', 'd', undefined],
    ['acme', 'e', undefined],
    ['bolt', 'a', 'sn-1'],
  ]);
  expect(items[0]).toEqual({
    enterprise: 'acme',
    device: 'a',
    kind: 'device',
    profile: 'agv',
    district: 'wujin',
    industry: '34',
    gateway: undefined,
    serial: 'sn-1',
    state: 'registered',
    createdAtMs: 8,
    activatedAtMs: null,
    lastRowAtMs: null,
    revision: 1,
  });
  const found = await registry.device('acme', 'b');
  expect(found).toMatchObject({ group: null, certificate: null });
  expect(found!.secretHash).toEqual(secretHash('b'));
  expect(await registry.enterprise('acme')).toMatchObject({
    createdAtMs: 7,
    limits: { sessionsMax: null, messagesPerSecondMax: null },
    revision: 1,
    devices: 4,
  });
  expect(await registry.profile('acme.press')).toMatchObject({ id: 'acme.press' });
});

// Comparing each with each would take longer than a test may.
it('is upgraded with very many devices that have serials, some of them shared', async () => {
  const path = join(temporaryFolder(), 'registry.db');
  firstVersion(path);
  const db = new DatabaseSync(path);
  db.exec(`WITH RECURSIVE number (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM number WHERE n < 29999)
    INSERT INTO device SELECT 'bolt', printf('m-%05d', n), 'device', 'agv', 'wujin', '34', NULL,
      's-' || (n / 3), x'${'00'.repeat(32)}', 0, 'registered', 8 FROM number`);
  db.close();
  const registry = openRegistry({ path, clock: systemClock, sealKey });
  onTestFinished(() => registry.close());
  const { items } = await registry.list(
    { enterprise: 'bolt' },
    { after: 'bolt.m-29993', limit: 9 },
  );
  expect(items.map(({ device, serial }) => [device, serial])).toEqual([
    ['m-29994', 's-9998'],
    ['m-29995', undefined],
    ['m-29996', undefined],
    ['m-29997', 's-9999'],
    ['m-29998', undefined],
    ['m-29999', undefined],
  ]);
});

it('works on as a new registry does: lives, tokens, a reader beside it', async () => {
  const path = join(temporaryFolder(), 'registry.db');
  firstVersion(path);
  const registry = openRegistry({ path, clock: systemClock, sealKey });
  onTestFinished(() => registry.close());
  const reader = openReader(path, sealKey);
  onTestFinished(() => reader.close());
  const change = { atMs: 10, cause: 'test', actor: 'system', enterprise: 'acme', device: 'b' };
  const [outcome] = await registry.lives.apply([{ ...change, event: 'suspend' }]);
  expect(outcome).toMatchObject({ from: 'registered', to: 'suspended' });
  expect(await reader.device('acme', 'b')).toMatchObject({ state: 'suspended' });
  await registry.tokens.issue(
    { role: 'viewer', enterprise: 'acme', name: '', expiresAtMs: systemClock.nowMs() + 1000 },
    'operator',
  );
  expect((await registry.lives.audit({ enterprise: 'acme' }, { limit: 9 })).items).toHaveLength(2);
});
