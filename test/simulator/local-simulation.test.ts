/** A simulation that is stopped while it is still being prepared. */

import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Ledger } from '../../simulator/ledger.ts';
import { LedgerFile } from '../../simulator/ledger-file.ts';
import { LocalSimulation } from '../../simulator/local-simulation.ts';
import { CredentialFile } from '../../simulator/onboarding/credential-file.ts';
import { simulationOptions } from '../../simulator/options.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

let folder: string;
let clock: VirtualClock;
beforeEach(async () => {
  clock = new VirtualClock();
  folder = await mkdtemp(join(tmpdir(), 'onramp-stopped-'));
  await writeFile(join(folder, 'token'), 'operator\n');
});
afterEach(() => rm(folder, { recursive: true }));

it('begins nothing more', async () => {
  const ledger = join(folder, 'ledger.ndjson');
  const credentials = join(folder, 'credentials.ndjson');
  const options = simulationOptions({
    target: 'mqtt://127.0.0.1:1',
    devices: 2,
    enterprises: 1,
    fleetKey: Buffer.alloc(32, 3),
    onboard: 'claim',
    ...{ ledger, credentials },
  });
  const simulation = new LocalSimulation(options, { clock });
  const prepared = simulation.prepare();
  await simulation.stop();
  await prepared;
  expect(clock.pending).toBe(0);
  expect([ledger, credentials].filter((path) => existsSync(path))).toEqual([]);
  expect(await simulation.result()).toMatchObject({
    report: { startedAt: null, connect: { seconds: 0 } },
  });
});

it('leaves no file to be written again and again', async () => {
  const device = { enterprise: 'e', device: 'd', profile: 'press' };
  const files = [
    new LedgerFile(new Ledger([device]), join(folder, 'ledger.ndjson')),
    new CredentialFile(join(folder, 'credentials.ndjson')),
  ];
  const started = files.map((file) => file.start(clock));
  await Promise.all(files.map((file) => file.stop()));
  await Promise.all(started);
  expect(clock.pending).toBe(0);
});
