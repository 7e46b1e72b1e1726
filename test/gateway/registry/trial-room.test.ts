/** An enterprise that tries has so many devices, whichever way they come; after its trial, more. */

import { X509Certificate } from 'node:crypto';
import { beforeEach, expect, it } from 'vitest';
import {
  createDevelopmentCa,
  signDeviceCertificate,
} from '../../../gateway/commands/development-ca.ts';
import { checkClientCertificate } from '../../../gateway/registry/certificate-check.ts';
import type { ImportRow, Registry } from '../../../gateway/registry/registry.ts';
import { groupSecret } from '../../../model/group-secret.ts';
import { limits } from '../../../model/limits.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { secretOf } from './claim-world.ts';
import { failureOf, openEmpty } from './open.ts';

const full = { code: 'registry.too-many', details: ['a trial has at most 100 devices'] };

let clock: VirtualClock;
let registry: Registry;
beforeEach(async () => {
  clock = new VirtualClock();
  registry = openEmpty(clock).registry;
  const name = { zh: '', en: '' };
  const expiresAtMs = clock.nowMs() + 86_400_000;
  const trial = { enterprise: 'acme', name, device: 'm', profile: 'generic', expiresAtMs };
  await registry.trials.begin(trial, 'operator');
});

const add = (device: string, enterprise = 'acme') =>
  registry.add({ enterprise, device, profile: 'generic' });

async function* rows(from: number, to: number, enterprise = 'acme'): AsyncGenerator<ImportRow> {
  for (let n = from; n < to; n++) {
    yield { row: n, enterprise, device: `row-${n}`, profile: 'generic' };
  }
}

const devices = async () =>
  (await registry.list({ enterprise: 'acme' }, { limit: 1000 })).items.length;

it('of rows, the first are taken, and the others told of', async () => {
  const strict = await registry.importDevices(rows(1, 151));
  expect(strict).toMatchObject({ committed: false, badRows: 51 });
  expect(strict.errors[0]).toEqual({ row: 100, code: full.code, detail: full.details[0] });
  expect(await devices()).toBe(1);
  const lenient = await registry.importDevices(rows(1, 151), { badRows: 'skip' });
  expect(lenient).toMatchObject({ committed: true, added: 99, badRows: 51 });
  expect(await devices()).toBe(limits.trialDevicesMax);
  const again = await registry.importDevices(rows(1, 100), { existing: 'update' });
  expect(again).toMatchObject({ committed: true, badRows: 0, updated: 99 });
  const others = await registry.importDevices(rows(1, 151, 'works'));
  expect(others).toMatchObject({ committed: true, added: 150 });
});

it('rows and newcomers together do not exceed it', async () => {
  const importing = registry.importDevices(rows(1, 100), { badRows: 'skip' });
  await add('meanwhile').catch(() => undefined);
  await importing;
  expect(await devices()).toBe(limits.trialDevicesMax);
});

it('whoever comes one at a time is refused when it is full, until the trial has ended', async () => {
  const claim = { enterprise: 'acme', id: 'c', expiresAtMs: clock.nowMs() + 1e9, devicesMax: 500 };
  await registry.claims.issue({ ...claim, profile: 'generic' }, 'operator');
  const group = { enterprise: 'acme', id: 'g', profile: 'generic' };
  const { key } = await registry.groupKeys.create(group, 'operator');
  const validity = { notBeforeMs: clock.nowMs() - 1000, days: 30 };
  const ca = await createDevelopmentCa('acme', validity);
  const { certificate } = ca;
  await registry.trust.add({ enterprise: 'acme', certificate, profile: 'generic' }, 'operator');
  const ways: Record<string, (device: string) => Promise<unknown>> = {
    add,
    claim: (serial) =>
      registry.claims.provision({
        ...{ enterprise: 'acme', claim: 'c', serial },
        ...{ secret: secretOf(serial.length), nowMs: clock.nowMs() },
      }),
    group: (device) =>
      registry.groupKeys.enrol({
        ...{ enterprise: 'acme', group: 'g', device, nowMs: clock.nowMs() },
        secret: groupSecret(Buffer.from(key, 'base64'), device),
      }),
    certificate: async (device) => {
      const signed = await signDeviceCertificate(ca, { enterprise: 'acme', device }, validity);
      const shown = new X509Certificate(signed.certificate);
      const known = await registry.authorities('acme');
      const checked = checkClientCertificate(shown, known, clock.nowMs());
      if (!checked.ok) throw new Error(checked.code);
      await registry.trust.pin({ ...checked, certificate: checked, nowMs: clock.nowMs() });
    },
  };
  for (const [way, come] of Object.entries(ways)) await come(`first-by-${way}`);
  await registry.importDevices(rows(0, limits.trialDevicesMax - 5));
  expect(await devices()).toBe(limits.trialDevicesMax);
  for (const [way, come] of Object.entries(ways)) {
    expect(await failureOf(come(`late-by-${way}`)), way).toEqual(full);
  }
  expect(await devices()).toBe(limits.trialDevicesMax);
  await add('m', 'works');
  await registry.trials.end('acme', 'operator');
  for (const [way, come] of Object.entries(ways)) await come(`after-by-${way}`);
  expect(await devices()).toBe(limits.trialDevicesMax + 4);
});
