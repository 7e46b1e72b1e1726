/** Lists of many devices: what they hold, and that no page sorts or reads more than it must. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  DeviceFilter,
  DirectoryEntry,
  Page,
  PageRequest,
  Registry,
} from '../../../gateway/registry/registry.ts';
import { deviceQueries } from '../../../gateway/registry/sqlite/device-list.ts';
import { openRegistry } from '../../../gateway/registry/sqlite/sqlite.ts';
import { buildCity } from '../../../model/city.ts';
import { systemClock } from '../../../model/clock.ts';
import type { DeviceState } from '../../../model/device.ts';
import { deviceKey } from '../../../model/identifiers.ts';
import { failureOf, openEmpty } from './open.ts';

/** Large enough that some texts are in more rows than are looked up. */
const city = buildCity({ seed: 9, enterprises: 2500, devices: 8000, sensors: true });
const folder = mkdtempSync(join(tmpdir(), 'onramp-lists-'));
const path = join(folder, 'registry.db');
let registry: Registry;
let db: DatabaseSync;
let all: readonly DirectoryEntry[];
let searched: ReadonlyMap<DirectoryEntry, string>;
let places: ReadonlyMap<string, number>;
const names = new Map(city.enterprises.map(({ id, name }) => [id, name]));

beforeAll(async () => {
  registry = openRegistry({ path, clock: systemClock, sealKey: Buffer.alloc(32, 1) });
  db = new DatabaseSync(path);
  await registry.importCity(city, Buffer.alloc(32, 7), 'gw');
  // Every third device has a serial that says nothing of its enterprise.
  db.exec(`UPDATE device SET serial = 'sn-' || (id * 7919 % 100003) WHERE id % 3 = 0`);
  const states: readonly DeviceState[] = ['active', 'suspended', 'revoked'];
  for (const [i, state] of states.entries()) {
    db.prepare('UPDATE device SET state = ? WHERE id % 7 = ?').run(state, i);
  }
  all = await collected(registry.export({}));
  searched = new Map(all.map((entry) => [entry, textOf(entry)]));
  places = new Map(all.map((entry, i) => [keyOf(entry), i]));
});
afterAll(() => {
  db.close();
  registry.close();
  rmSync(folder, { recursive: true });
});

async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

const keyOf = ({ enterprise, device }: DirectoryEntry) => deviceKey(enterprise, device);

/** All that a text is looked for in; no text has a line end. */
function textOf({ enterprise, device, serial }: DirectoryEntry): string {
  const name = names.get(enterprise);
  return [deviceKey(enterprise, device), serial, name?.zh, name?.en].join('\n').toLowerCase();
}

/** What a list must hold, found without an index. */
function expected({ text, ...equal }: DeviceFilter): string[] {
  const found = all.filter((entry) =>
    Object.entries(equal).every(
      ([column, value]) => value === undefined || entry[column as keyof typeof equal] === value,
    ),
  );
  const wanted = text?.toLowerCase() ?? '';
  return found.filter((entry) => searched.get(entry)!.includes(wanted)).map(keyOf);
}

const first = { enterprise: '', device: '' };
const last = city.enterprises.at(-1)!;

/** A text of each way of finding it. */
const texts = [
  'zzq',
  'zq',
  'pwm-001',
  'PWM',
  '-00',
  '0',
  '-',
  'sn-77',
  last.id,
  last.id.slice(0, 3),
  last.id.slice(-2),
  `${last.id}.`,
  `${last.id}.p`,
  '9.pwm',
  '.pwm-002',
  '.',
  'gw',
  last.name.zh.slice(2, 4),
  last.name.zh.slice(2, 5),
  '有限公司',
  '限',
  'co., ltd.',
  last.name.en,
  '100%',
  '"',
  'a b',
];

describe('a list of devices', () => {
  it.each(texts)('holds what has the text %j, page by page', async (text) => {
    const found: string[] = [];
    let after: string | undefined;
    for (;;) {
      const page: Page<DirectoryEntry> = await registry.list({ text }, { after, limit: 501 });
      found.push(...page.items.map(keyOf));
      if (page.next === null) break;
      after = page.next;
    }
    expect(found).toEqual(expected({ text }));
  });

  it('holds what fulfils any filter, from any place on', async () => {
    const filter = fc.record(
      {
        enterprise: fc.constantFrom('none', ...city.enterprises.slice(0, 50).map(({ id }) => id)),
        district: fc.constantFrom('none', ...new Set(city.enterprises.map((e) => e.district))),
        profile: fc.constantFrom('none', 'generic', ...new Set(all.map((e) => e.profile))),
        kind: fc.constantFrom('device' as const, 'gateway' as const),
        state: fc.constantFrom<DeviceState>('registered', 'active', 'suspended', 'expired'),
        text: fc.constantFrom(...texts),
      },
      { requiredKeys: [] },
    );
    const place = fc.constantFrom(undefined, ...all.filter((_, i) => i % 500 === 0).map(keyOf));
    await fc.assert(
      fc.asyncProperty(filter, place, fc.integer({ min: 1, max: 200 }), async (f, after, limit) => {
        const page = await registry.list(f, { after, limit });
        const from = after === undefined ? -1 : places.get(after)!;
        const rest = expected(f).filter((key) => places.get(key)! > from);
        expect(page.items.map(keyOf)).toEqual(rest.slice(0, limit));
        expect(page.next).toBe(rest.length > limit ? rest[limit - 1] : null);
      }),
      { numRuns: 200 },
    );
  });

  it('sorts nothing but the few rows that were looked up', () => {
    const equalities: DeviceFilter[] = [
      { enterprise: last.id },
      { district: last.district },
      { profile: 'generic' },
      { state: 'active' },
      { kind: 'device' },
      { kind: 'gateway' },
    ];
    const filters: DeviceFilter[] = [{}];
    for (const each of equalities) filters.push(...filters.map((other) => ({ ...other, ...each })));
    const withText = filters.flatMap((filter) => texts.map((text) => ({ ...filter, text })));
    for (const filter of [...filters, ...withText]) {
      for (const { sql, values: given } of deviceQueries(db, filter, first)) {
        const plan = db.prepare(`EXPLAIN QUERY PLAN ${sql}`).all(...given, 100);
        const steps = plan.map(({ detail }) => detail as string);
        if (sql.includes('CROSS JOIN device ')) {
          expect(steps[0], sql).toMatch(/^SCAN hit VIRTUAL TABLE/);
          expect(steps[1], sql).toBe('SEARCH device USING INTEGER PRIMARY KEY (rowid=?)');
          continue;
        }
        expect(steps.join('; '), sql).not.toMatch(/TEMP B-TREE/);
        expect(steps.join('; '), sql).toMatch(/SEARCH device USING INDEX device_/);
      }
    }
  });

  it('follows what changes', async () => {
    const { registry: small } = openEmpty();
    const keys = async (text: string) => {
      const { items } = await small.list({ text }, { limit: 10 });
      return items.map(keyOf);
    };
    await small.add({ enterprise: 'acme', device: 'press-1', profile: 'agv', serial: 'sn-1' });
    expect(await keys('sn-1')).toEqual(['acme.press-1']);
    await small.update('acme', 'press-1', { serial: 'xk-2' }, null, 'operator');
    expect(await keys('sn-1')).toEqual([]);
    expect(await keys('xk')).toEqual(['acme.press-1']);
    await small.addEnterprise({ id: 'acme', name: { zh: '顶点', en: 'Apex' } });
    expect(await keys('顶点')).toEqual(['acme.press-1']);
    await small.addEnterprise({ id: 'acme', name: { zh: '高峰', en: 'Summit' } });
    expect(await keys('顶')).toEqual([]);
    expect(await keys('summit')).toEqual(['acme.press-1']);
  });

  it('refuses a limit or a cursor that is none', async () => {
    for (const page of [{ limit: 0 }, { limit: 1001 }, { limit: 1, after: 'x' }]) {
      const failure = await failureOf(registry.list({ text: 'gw' }, page as PageRequest));
      expect(failure.code).toBe('api.bad-request');
    }
  });
});

describe('a list of enterprises', () => {
  it.each(texts)('holds what has the text %j', async (text) => {
    const { items } = await registry.listEnterprises({ text }, { limit: 1000 });
    const found = city.enterprises.filter(({ id, name }) =>
      [id, name.zh, name.en].some((each) => each.toLowerCase().includes(text.toLowerCase())),
    );
    const ids = found.map(({ id }) => id).sort();
    expect(items.map(({ id }) => id)).toEqual(ids.slice(0, 1000));
  });

  it('counts devices, gateways not', async () => {
    const found = await registry.enterprise(last.id);
    const own = all.filter(({ enterprise, kind }) => enterprise === last.id && kind === 'device');
    expect(found?.devices).toBe(own.length);
  });
});
