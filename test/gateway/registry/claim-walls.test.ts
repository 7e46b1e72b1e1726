/** Property: whom a claim gives a credential, and that whoever it refuses keeps what they have. */

import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import { type DeviceState, lifeEvents } from '../../../model/device.ts';
import { errorCodeOf } from '../../../model/errors.ts';
import { hourMs, openWithClaim } from './claim-world.ts';

type World = Awaited<ReturnType<typeof setUp>>;

const claims = ['line-2', 'line-3', 'listed', 'unlisted', 'revoked', 'spent', 'unknown'] as const;

/** How a device became one; each ends with the device `id`, if any. */
const origins = {
  unknown: async () => {},
  registered: (w: World, id: string) => w.add(id),
  'registered with the serial': (w: World, id: string) => w.add(id, { serial: id }),
  "registered with another's serial": (w: World, id: string) => w.add(id, { serial: `x${id}` }),
  'a gateway': (w: World, id: string) => w.add(id, { kind: 'gateway', profile: undefined }),
  imported: async (w: World, id: string) => {
    async function* rows() {
      yield { ...w.acme(id), row: 1 };
    }
    await w.registry.importDevices(rows());
  },
  claimed: (w: World, id: string) => w.provision(id),
  'claimed with another claim': (w: World, id: string) => w.provision(id, { claim: 'line-3' }),
  'claimed, then expired': async (w: World, id: string) => {
    await w.provision(id);
    await w.happen(id, 'expire');
  },
  'claimed, then rejected': async (w: World, id: string) => {
    await w.provision(id);
    await w.refusal(id, { profile: 'env-sensor' });
  },
  'claimed, then given a new secret': async (w: World, id: string) => {
    await w.provision(id);
    await w.registry.resetSecret('acme', id);
  },
  'claimed, then registered anew': async (w: World, id: string) => {
    await w.provision(id);
    await w.happen(id, 'revoke');
    await w.add(id, { serial: id, again: true });
  },
  'enrolled with a group key': async ({ registry, clock }: World, id: string) => {
    const enrolment = { enterprise: 'acme', group: 'g', device: id, nowMs: clock.nowMs() };
    await registry.groupKeys.enrol({ ...enrolment, secret: `the secret of ${id}` });
  },
  'known by a certificate': async (w: World, id: string) => {
    await w.provision(id);
    w.db.prepare("UPDATE device SET certificate = 'f' WHERE device = ?").run(id);
  },
} as const;

type Origin = keyof typeof origins;

const neverClaimable: ReadonlySet<Origin> = new Set<Origin>([
  "registered with another's serial",
  'a gateway',
  'enrolled with a group key',
  'known by a certificate',
]);
const unused: ReadonlySet<DeviceState> = new Set<DeviceState>([
  'registered',
  'provisioned',
  'expired',
  'rejected',
]);
const fromClaim = (origin: Origin) =>
  ['claimed', 'claimed with another claim', 'claimed, then expired', 'claimed, then rejected'].some(
    (each) => each === origin,
  );

async function setUp() {
  const world = await openWithClaim({ devicesMax: 10_000 });
  const { registry, claim, path, provision } = world;
  await claim('line-3', { devicesMax: 10_000 });
  await claim('listed', { devicesMax: 10_000, serials: [] });
  await claim('unlisted', { devicesMax: 10_000, serials: ['sn-x'] });
  await claim('revoked', { devicesMax: 10_000 });
  await registry.claims.revoke('acme', 'revoked', 'operator');
  await claim('spent', { devicesMax: 1 });
  await provision('first', { claim: 'spent' });
  await registry.groupKeys.create({ enterprise: 'acme', id: 'g', profile: 'generic' }, 'operator');
  const db = new DatabaseSync(path);
  onTestFinished(() => db.close());
  const acme = (device: string) => ({ enterprise: 'acme', device, profile: 'generic' });
  const add = (device: string, more: object = {}) => registry.add({ ...acme(device), ...more });
  const all = () => ({
    devices: db.prepare('SELECT * FROM device ORDER BY id').all(),
    claims: db.prepare('SELECT * FROM claim ORDER BY id').all(),
  });
  return { ...world, acme, add, all, db };
}

const happening = fc.constantFrom(
  ...lifeEvents.filter((event) => !['register', 'claim', 'reject', 'issue'].includes(event)),
);

it('gives credentials to nobody else, and leaves whoever it refuses as they were', async () => {
  const world = await setUp();
  const { registry, clock, provision, device, all } = world;
  let serials = 0;
  const outcomes = new Map<string, number>();
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...(Object.keys(origins) as Origin[])),
      fc.array(happening, { maxLength: 3 }),
      fc.constantFrom(...claims),
      fc.constantFrom(undefined, 'generic', 'env-sensor', 'no-such'),
      fc.constantFrom(0, 0, 0, hourMs),
      async (origin, events, claim, profile, laterMs) => {
        serials += 1;
        const id = `sn-${serials}`;
        await origins[origin](world, id);
        const base = { enterprise: 'acme', device: id, atMs: clock.nowMs(), cause: '', actor: '' };
        await registry.lives.apply(events.map((event) => ({ ...base, event })));
        await registry.claims.addSerials('acme', 'listed', [id], 'operator');
        const state = (await device(id))?.state ?? null;
        const before = all();
        const nowMs = clock.nowMs() + laterMs;
        const asked = provision(id, { claim, profile, nowMs });
        const code = await asked.then(
          () => 'given',
          (error) => errorCodeOf(error),
        );
        outcomes.set(code ?? '', (outcomes.get(code ?? '') ?? 0) + 1);

        const usable = laterMs === 0 && ['line-2', 'line-3', 'listed'].includes(claim);
        const free =
          state === null ||
          (!neverClaimable.has(origin) &&
            unused.has(state) &&
            (fromClaim(origin) || claim === 'listed'));
        const fits = profile !== 'no-such' && (state === null || profile !== 'env-sensor');
        expect(code === 'given').toBe(usable && free && fits);
        if (code === 'given') return;

        const after = all();
        const rejects =
          code === 'claim.request-invalid' &&
          (state === 'provisioned' || state === 'expired') &&
          claim === (origin === 'claimed with another claim' ? 'line-3' : 'line-2');
        // The claim that gave a credential rejects its own machine, whose secret stays as it was.
        if (rejects) {
          const own = before.devices.find((row) => row.device === id)!;
          before.devices[before.devices.indexOf(own)] = { ...own, state: 'rejected' };
        }
        expect(plain(after)).toEqual(plain(before));
      },
    ),
    { numRuns: 200 },
  );
  for (const code of ['given', 'claim.serial-taken', 'claim.request-invalid', 'claim.revoked']) {
    expect(outcomes.get(code)).toBeGreaterThan(0);
  }
});

const plain = (value: unknown) => JSON.parse(JSON.stringify(value));
