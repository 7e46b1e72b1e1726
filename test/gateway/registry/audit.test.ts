import { DatabaseSync } from 'node:sqlite';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  auditChaptersMax,
  auditPage,
  chapterEntries,
} from '../../../gateway/registry/sqlite/audit-table.ts';
import { limits } from '../../../model/limits.ts';
import { change, register, wholeTrail } from './life-world.ts';
import { failureOf, openEmpty } from './open.ts';

describe('the audit trail', () => {
  it('is read newest first, of all, of an enterprise, of a device, every entry once', async () => {
    const { registry } = openEmpty();
    await register(registry, 3);
    await register(registry, 2, 'bolt');
    for (let i = 0; i < 10; i++) {
      await registry.lives.apply([
        change('d00001', 'suspend', i),
        change('d00001', 'resume', i),
        { ...change('d00002', i % 2 === 0 ? 'suspend' : 'resume', i), enterprise: 'bolt' },
      ]);
    }
    const all = await wholeTrail(registry, {}, 1000);
    const ids = all.map((entry) => entry.id);
    expect(ids).toEqual([...ids].sort((a, b) => b - a));
    for (const limit of [1, 4, 30]) expect(await wholeTrail(registry, {}, limit)).toEqual(all);
    const ofBolt = all.filter((entry) => entry.enterprise === 'bolt');
    expect(await wholeTrail(registry, { enterprise: 'bolt' }, 3)).toEqual(ofBolt);
    const ofOne = all.filter(
      ({ enterprise, device }) => `${enterprise}.${device}` === 'acme.d00001',
    );
    expect(ofOne.length).toBeGreaterThanOrEqual(20);
    const filter = { enterprise: 'acme', device: 'd00001' };
    expect(await wholeTrail(registry, filter, 3)).toEqual(ofOne);
  });

  it('takes notes that are no transition', async () => {
    const { registry } = openEmpty();
    await registry.lives.note({
      atMs: 5,
      enterprise: 'acme',
      device: null,
      event: 'ca-created',
      cause: 'for tests',
      actor: 'operator',
    });
    expect(await wholeTrail(registry, { enterprise: 'acme' }, 5)).toMatchObject([
      { event: 'ca-created', from: null, to: null, device: null },
    ]);
  });

  it('forgets what is older than it is told to keep, and nothing else', async () => {
    const { registry } = openEmpty();
    const note = { enterprise: 'acme', device: null, event: 'x', cause: '', actor: 'system' };
    for (const atMs of [10, 20, 30]) await registry.lives.note({ ...note, atMs });
    expect(await registry.lives.pruneAudit(20)).toBe(1);
    expect((await wholeTrail(registry, {}, 9)).map((entry) => entry.atMs)).toEqual([30, 20]);

    await register(registry, 1300);
    const { items } = await registry.lives.rows({ limit: 5000 });
    await registry.lives.apply(items.map(({ device }) => change(device, 'suspend', 15)));
    expect(await registry.lives.pruneAudit(16)).toBe(1300);
  });

  it('cannot be changed, not even by whoever has the file open', async () => {
    const { registry, path } = openEmpty();
    await register(registry, 1);
    await registry.lives.apply([change('d00001', 'suspend')]);
    const db = new DatabaseSync(path);
    onTestFinished(() => db.close());
    expect(() => db.exec("UPDATE audit SET actor = 'somebody else'")).toThrow(/append-only/);
  });

  it('finds a few entries among many, over the chapters of its index', async () => {
    const { registry, path } = openEmpty();
    await registry.add({ enterprise: 'bolt', device: 'a', profile: 'generic' });
    const db = new DatabaseSync(path);
    onTestFinished(() => db.close());
    const many = db.prepare(
      `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
       INSERT INTO audit SELECT NULL, i, 'acme', 'd' || (i % 7), 'x', NULL, NULL, '', 'system'
       FROM n`,
    );
    many.run();
    await registry.lives.apply([{ ...change('a', 'suspend'), enterprise: 'bolt' }]);
    many.run();
    await registry.lives.apply([{ ...change('a', 'resume'), enterprise: 'bolt' }]);
    const events = ['resume', 'suspend', 'register'];
    for (const limit of [1, 2, 1000]) {
      const ofDevice = await wholeTrail(registry, { enterprise: 'bolt', device: 'a' }, limit);
      expect(ofDevice.map((entry) => entry.event)).toEqual(events);
      const ofBolt = await wholeTrail(registry, { enterprise: 'bolt' }, limit);
      expect(ofBolt.map((entry) => entry.event)).toEqual([...events, 'enterprise-added']);
    }
    const one = await wholeTrail(registry, { enterprise: 'acme', device: 'd3' }, 999);
    const ids = one.map((entry) => entry.id);
    expect(ids).toHaveLength(2 * 2857);
    expect(ids).toEqual([...ids].sort((a, b) => b - a));
    expect(await registry.lives.pruneAudit(20_001)).toBeGreaterThanOrEqual(40_000);
    expect(await wholeTrail(registry, { enterprise: 'acme' }, 9)).toEqual([]);
  });

  it('is not searched to its end for one page', async () => {
    const { registry, path } = openEmpty();
    const db = new DatabaseSync(path);
    onTestFinished(() => db.close());
    const entry = db.prepare("INSERT INTO audit VALUES (?, 1, 'acme', ?, 'x', NULL, NULL, '', '')");
    entry.run(7, 'a');
    entry.run(2 * auditChaptersMax * chapterEntries + 5, 'b');
    const read = (after?: string) =>
      registry.lives.audit({ enterprise: 'acme', device: 'a' }, { after, limit: 1 });
    const first = await read();
    expect(first.items).toEqual([]);
    const second = await read(first.next!);
    expect([second.items, Number(second.next)]).toEqual([[], chapterEntries]);
    expect(await read(second.next!)).toMatchObject({ items: [{ id: 7 }], next: null });
    const trail = await wholeTrail(registry, { enterprise: 'acme' }, 1);
    expect(trail.map(({ id }) => id).at(-1)).toBe(7);
  });

  it('is read by an index, whatever is asked', async () => {
    const { path } = openEmpty();
    const db = new DatabaseSync(path);
    onTestFinished(() => db.close());
    const asked: string[] = [];
    const prepare = db.prepare.bind(db);
    db.prepare = (sql) => {
      asked.push(sql);
      return prepare(sql);
    };
    db.exec("INSERT INTO audit VALUES (1, 1, 'acme', 'a', 'x', NULL, NULL, '', '')");
    expect(auditPage(db, { enterprise: 'acme' }, 9, 9).items).toHaveLength(1);
    expect(auditPage(db, { enterprise: 'acme', device: 'a' }, 9, 9).items).toHaveLength(1);
    expect(auditPage(db, { enterprise: 'acme', device: 'b' }, 9, 9).items).toEqual([]);
    const plans = [...new Set(asked)]
      .map((sql) => prepare(`EXPLAIN QUERY PLAN ${sql}`).all())
      .map((plan) => plan.map((row) => row.detail).join());
    expect(plans).toHaveLength(3);
    expect(plans.join()).not.toContain('SCAN audit');
    expect(plans[1]).toContain('INDEX audit_by_device (<expr>=? AND enterprise=?)');
    const ofDevice = 'INDEX audit_by_device (<expr>=? AND enterprise=? AND device=? AND rowid<?)';
    expect(plans[2]).toContain(ofDevice);
  });

  it.each([
    [{}, { limit: 0 }],
    [{}, { limit: limits.apiPageRowsMax + 1 }],
    [{}, { limit: 1, after: 'x' }],
    [{}, { limit: 1, after: '-1' }],
    [{ device: 'a' }, { limit: 1 }],
  ])('refuses %j %j', async (filter, page) => {
    const { registry } = openEmpty();
    expect((await failureOf(registry.lives.audit(filter, page))).code).toBe('api.bad-request');
  });
});
