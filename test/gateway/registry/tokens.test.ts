import { readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { NewToken, Role } from '../../../gateway/registry/tokens.ts';
import { limits } from '../../../model/limits.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { failureOf, openEmpty } from './open.ts';

const dayMs = 86_400_000;

async function opened() {
  const clock = new VirtualClock();
  const { registry, path } = openEmpty(clock);
  await registry.addEnterprise({ id: 'acme' });
  const { tokens } = registry;
  const token = (changes: Partial<NewToken> = {}): NewToken => ({
    role: 'enterprise',
    enterprise: 'acme',
    name: 'of the plant',
    expiresAtMs: clock.nowMs() + dayMs,
    ...changes,
  });
  return { clock, registry, path, tokens, token };
}

/** The last use of a token, once nothing is being written any more. */
async function lastUse({ tokens }: Awaited<ReturnType<typeof opened>>): Promise<number | null> {
  await new Promise((resolve) => setImmediate(resolve));
  return (await tokens.list({}, { limit: 1 })).items[0]!.lastUsedAtMs;
}

describe('issuing', () => {
  it('gives a text that is verified, and keeps nothing that would be', async () => {
    const { tokens, token, clock, registry, path } = await opened();
    const { entry, text } = await tokens.issue(token(), 'operator');
    expect(text).toMatch(/^onramp_[a-z0-9]{10,16}_[A-Za-z0-9_-]{43}$/);
    expect(entry).toEqual({
      ...token(),
      id: text.split('_')[1],
      createdAtMs: clock.nowMs(),
      revokedAtMs: null,
      lastUsedAtMs: null,
    });
    expect(await tokens.verify(text)).toEqual(entry);
    const secret = text.slice(-43);
    for (const file of [path, `${path}-wal`]) {
      const bytes = readFileSync(file);
      expect(bytes.includes(secret)).toBe(false);
      expect(bytes.includes(Buffer.from(secret, 'base64url'))).toBe(false);
    }
    const trail = await registry.lives.audit({ enterprise: 'acme' }, { limit: 1 });
    expect(trail.items[0]).toMatchObject({
      event: 'token-issued',
      device: null,
      cause: `${entry.id}, enterprise: of the plant`,
      actor: 'operator',
    });
  });

  it('knows operators and viewers of everything; the trail has them without an enterprise', async () => {
    const { tokens, token, registry } = await opened();
    for (const role of ['operator', 'viewer'] as const) {
      const { text } = await tokens.issue(token({ role, enterprise: null }), 'token:x');
      expect(await tokens.verify(text)).toMatchObject({ role, enterprise: null });
    }
    const viewer = await tokens.issue(token({ role: 'viewer' }), 'token:x');
    expect(await tokens.verify(viewer.text)).toMatchObject({ role: 'viewer', enterprise: 'acme' });
    const trail = await registry.lives.audit({ enterprise: '' }, { limit: 9 });
    expect(trail.items.map((entry) => [entry.event, entry.actor])).toEqual([
      ['token-issued', 'token:x'],
      ['token-issued', 'token:x'],
    ]);
  });

  it.each<[string, Partial<NewToken>]>([
    ['registry.token-invalid', { role: 'root' as Role }],
    ['registry.token-invalid', { role: 'operator' }],
    ['registry.token-invalid', { enterprise: null }],
    ['registry.token-invalid', { name: 'x'.repeat(limits.textCharsMax + 1) }],
    ['registry.not-found', { enterprise: 'bolt' }],
  ])('refuses with %s: %j', async (code, changes) => {
    const { tokens, token } = await opened();
    expect(await failureOf(tokens.issue(token(changes), 'operator'))).toMatchObject({ code });
    expect((await tokens.list({}, { limit: 9 })).items).toEqual([]);
  });

  it('wants an end that is in the future, and within a year and a day', async () => {
    const { tokens, token, clock } = await opened();
    const now = clock.nowMs();
    for (const expiresAtMs of [
      now,
      now - 1,
      now + 366 * dayMs + 1,
      Number.NaN,
      Infinity,
      now + 0.5,
    ]) {
      const issued = tokens.issue(token({ expiresAtMs }), 'operator');
      expect((await failureOf(issued)).code).toBe('registry.token-invalid');
    }
    await tokens.issue(token({ expiresAtMs: now + 366 * dayMs }), 'operator');
  });

  it('is bounded for each enterprise by its living tokens', async () => {
    const { tokens, token, clock, registry } = await opened();
    const issue = () => tokens.issue(token(), 'operator');
    const first = await issue();
    for (let i = 1; i < limits.tokensPerEnterpriseMax; i++) await issue();
    expect(await failureOf(issue())).toMatchObject({ code: 'registry.too-many' });
    await registry.addEnterprise({ id: 'bolt' });
    await tokens.issue(token({ enterprise: 'bolt' }), 'operator');
    await tokens.issue(token({ role: 'operator', enterprise: null }), 'operator');
    await tokens.revoke(first.entry.id, 'operator');
    await issue();
    expect(await failureOf(issue())).toMatchObject({ code: 'registry.too-many' });
    clock.advance(dayMs);
    await issue();
  });

  it('forgets tokens a month after they were void', async () => {
    const { tokens, token, clock } = await opened();
    const ids = async () =>
      (await tokens.list({}, { limit: 99 })).items.map((entry) => entry.id).sort();
    const expiring = await tokens.issue(token(), 'operator');
    const revoked = await tokens.issue(token({ expiresAtMs: clock.nowMs() + 300 * dayMs }), 'x');
    clock.advance(2 * dayMs);
    await tokens.revoke(revoked.entry.id, 'operator');
    clock.advance(29.5 * dayMs);
    const later = await tokens.issue(token(), 'operator');
    expect(await ids()).toEqual([revoked.entry.id, later.entry.id].sort());
    expect(await tokens.verify(expiring.text)).toBeNull();
  });
});

describe('verifying', () => {
  it('ends with the time, and is not fooled by a clock that was set back and forth', async () => {
    const { tokens, token, clock } = await opened();
    const { text } = await tokens.issue(token(), 'operator');
    clock.advance(dayMs - 1);
    expect(await tokens.verify(text)).not.toBeNull();
    clock.advance(1);
    expect(await tokens.verify(text)).toBeNull();
  });

  it('ends at once when the token is revoked; once is enough', async () => {
    const { tokens, token, clock, registry } = await opened();
    const { entry, text } = await tokens.issue(token(), 'operator');
    clock.advance(1000);
    const revoked = await tokens.revoke(entry.id, 'token:boss');
    expect(revoked).toEqual({ ...entry, revokedAtMs: clock.nowMs() });
    expect(await tokens.verify(text)).toBeNull();
    clock.advance(1000);
    expect(await tokens.revoke(entry.id, 'operator')).toEqual(revoked);
    const trail = await registry.lives.audit({ enterprise: 'acme' }, { limit: 2 });
    expect(trail.items.map(({ event, actor }) => [event, actor])).toEqual([
      ['token-revoked', 'token:boss'],
      ['token-issued', 'operator'],
    ]);
    const unknown = tokens.revoke('aaaaaaaaaaaa', 'operator');
    expect((await failureOf(unknown)).code).toBe('registry.not-found');
  });

  it('takes no text but the very one', async () => {
    const { tokens, token } = await opened();
    const { text } = await tokens.issue(token(), 'operator');
    const other = await tokens.issue(token(), 'operator');
    const swapped = `${text.slice(0, -43)}${other.text.slice(-43)}`;
    for (const wrong of ['', 'onramp_', `${text}x`, `${text}\n`, ` ${text}`, swapped]) {
      expect(await tokens.verify(wrong)).toBeNull();
    }
    await fc.assert(
      fc.asyncProperty(
        fc.nat({ max: text.length - 1 }),
        fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
        async (at, character) => {
          const wrong = text.slice(0, at) + character + text.slice(at + 1);
          fc.pre(wrong !== text);
          expect(await tokens.verify(wrong)).toBeNull();
        },
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary', maxLength: 200 }), async (wrong) => {
        expect(await tokens.verify(wrong)).toBeNull();
      }),
    );
  });

  it('asks the file nothing for a text that can be no token, however long', async () => {
    const { tokens, registry } = await opened();
    await registry.close();
    for (const text of ['x'.repeat(10_000_000), 'onramp_UPPER', "onramp_' OR 1=1 --_"]) {
      expect(await tokens.verify(text)).toBeNull();
    }
    const well = tokens.verify(`onramp_aaaaaaaaaaaa_${'x'.repeat(43)}`);
    await expect(well).rejects.toThrow();
  });

  it('notes the use at most once a minute, without being waited for', async () => {
    const world = await opened();
    const { tokens, token, clock } = world;
    const { text } = await tokens.issue(token(), 'operator');
    expect(await lastUse(world)).toBeNull();
    const first = clock.nowMs();
    await Promise.all(Array.from({ length: 20 }, () => tokens.verify(text)));
    expect(await lastUse(world)).toBe(first);
    clock.advance(59_999);
    await tokens.verify(text);
    expect(await lastUse(world)).toBe(first);
    clock.advance(1);
    await tokens.verify(text);
    expect(await lastUse(world)).toBe(first + 60_000);
    clock.stepWall(-3_600_000);
    await tokens.verify(text);
    expect(await lastUse(world)).toBe(first + 60_000 - 3_600_000);
  });

  it('succeeds while an import holds the file, and notes the use afterwards', async () => {
    const world = await opened();
    const { tokens, token, clock, path } = world;
    const { text } = await tokens.issue(token(), 'operator');
    const other = new DatabaseSync(path);
    onTestFinished(() => other.close());
    other.exec('BEGIN IMMEDIATE');
    expect(await tokens.verify(text)).not.toBeNull();
    expect(await lastUse(world)).toBeNull();
    const usedAtMs = clock.nowMs();
    other.exec('ROLLBACK');
    await clock.advanceAsync(10);
    expect(await lastUse(world)).toBe(usedAtMs);
  });
});

it('lists tokens of all or of one enterprise, every one once', async () => {
  const { tokens, token, registry } = await opened();
  await registry.addEnterprise({ id: 'bolt' });
  for (let i = 0; i < 5; i++) {
    await tokens.issue(token({ name: `a${i}` }), 'operator');
    await tokens.issue(token({ name: `b${i}`, enterprise: 'bolt' }), 'operator');
  }
  await tokens.issue(token({ role: 'operator', enterprise: null }), 'operator');
  const names = async (enterprise: string | undefined, limit: number) => {
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await tokens.list({ enterprise }, { after, limit });
      found.push(...page.items.map((entry) => entry.name));
      after = page.next ?? undefined;
    } while (after !== undefined);
    return found.sort();
  };
  for (const limit of [1, 3, 11]) {
    expect(await names(undefined, limit)).toHaveLength(11);
    expect(await names('bolt', limit)).toEqual(['b0', 'b1', 'b2', 'b3', 'b4']);
  }
  expect(await names('zinc', 3)).toEqual([]);
  expect((await failureOf(tokens.list({}, { limit: 0 }))).code).toBe('api.bad-request');
});
