import { expect, it } from 'vitest';
import { limits } from '../../../model/limits.ts';
import { failureOf, openEmpty } from './open.ts';

it('has limits of its own, which readers see at once and null takes away', async () => {
  const { registry, reader } = openEmpty();
  const worker = reader();
  const none = { sessionsMax: null, messagesPerSecondMax: null };
  expect(await worker.enterpriseLimits('acme')).toEqual(none);
  await registry.addEnterprise({ id: 'acme' });
  expect(await worker.enterpriseLimits('acme')).toEqual(none);

  await registry.addEnterprise({ id: 'acme', limits: { sessionsMax: 10 } });
  await registry.addEnterprise({ id: 'acme', limits: { messagesPerSecondMax: 5 } });
  const set = { sessionsMax: 10, messagesPerSecondMax: 5 };
  expect(await worker.enterpriseLimits('acme')).toEqual(set);
  expect((await registry.enterprise('acme'))!.limits).toEqual(set);

  await registry.addEnterprise({ id: 'acme', district: 'wujin' });
  expect(await worker.enterpriseLimits('acme')).toEqual(set);
  await registry.addEnterprise({ id: 'acme', limits: { sessionsMax: null } });
  expect(await worker.enterpriseLimits('acme')).toEqual({ ...set, sessionsMax: null });
});

it.each([
  { sessionsMax: 0 },
  { sessionsMax: -1 },
  { sessionsMax: 1.5 },
  { sessionsMax: limits.enterpriseSessionsMax + 1 },
  { messagesPerSecondMax: Number.NaN },
  { messagesPerSecondMax: limits.enterpriseMessagesPerSecondMax + 1 },
])('refuses the limit %j', async (wrong) => {
  const { registry } = openEmpty();
  const added = registry.addEnterprise({ id: 'acme', limits: wrong });
  expect((await failureOf(added)).code).toBe('registry.device-invalid');
  expect(await registry.enterprise('acme')).toBeNull();
});

it('refuses to overwrite what somebody else changed', async () => {
  const { registry } = openEmpty();
  const { revision } = await registry.addEnterprise({ id: 'acme' });
  const changed = await registry.addEnterprise({ id: 'acme', district: 'wujin' }, revision);
  expect(changed.revision).toBe(revision + 1);
  const late = registry.addEnterprise({ id: 'acme', district: 'liyang' }, revision);
  expect((await failureOf(late)).code).toBe('api.version-mismatch');
  const absent = registry.addEnterprise({ id: 'bolt' }, 1);
  expect((await failureOf(absent)).code).toBe('api.version-mismatch');
  expect(await registry.enterprise('bolt')).toBeNull();
  expect((await registry.enterprise('acme'))!.district).toBe('wujin');
});

it('tells the audit trail what was changed, and by whom', async () => {
  const { registry } = openEmpty();
  await registry.addEnterprise({ id: 'acme' }, null, 'token:abc');
  await registry.addEnterprise({ id: 'acme', park: 'west', limits: { sessionsMax: 3 } });
  const same = await registry.addEnterprise({ id: 'acme', park: 'west' });
  expect(same.revision).toBe(2);
  const { items } = await registry.lives.audit({ enterprise: 'acme' }, { limit: 9 });
  expect(items.map(({ event, cause, actor }) => [event, cause, actor])).toEqual([
    ['enterprise-changed', 'changed: park, limits', 'operator'],
    ['enterprise-added', 'registered', 'token:abc'],
  ]);
});
