/**
 * Injected, at random from a seed: disk full and freed, failing writes and syncs, a worker killed
 * at any operation, the supervisor killed, the store down, slow, losing answers, refusing one
 * device's lines. Must hold at the end: every acknowledged seq is a row or a dead letter, every row
 * was sent, and the counters add up.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { World } from './world.ts';

async function act(world: World): Promise<void> {
  const { disk, random, store } = world;
  const choice = random.next();
  if (choice < 0.012) world.killWorker();
  else if (choice < 0.018) world.killSupervisor();
  else if (choice < 0.03) store.down = !store.down;
  else if (choice < 0.04) store.unavailable = random.next() < 0.5 ? 0.4 : 0;
  else if (choice < 0.05) store.poisonedDevice = random.next() < 0.6 ? 'd3' : null;
  else if (choice < 0.06) disk.capacityBytes = disk.usedBytes() + random.int(0, 3000);
  else if (choice < 0.09) disk.capacityBytes = Number.POSITIVE_INFINITY;
  else {
    const device = world.devices[random.int(0, world.devices.length - 1)]!;
    const kind = choice < 0.2 ? 'bad' : choice < 0.35 ? 'again' : 'new';
    world.send(device, kind);
  }
}

/** Restarts what was killed, as the launcher and the supervisor do. */
async function revive(world: World, supervisorUp: boolean, workerUp: boolean): Promise<void> {
  try {
    if (!supervisorUp) await world.startSupervisor();
    if (!workerUp) await world.startWorker();
  } catch {
    // The disk is full: the next try comes.
  }
}

async function run(seed: number, steps: number): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'onramp-simulation-'));
  const world = new World(seed, join(folder, 'shipped.json'));
  try {
    await world.disk.process().makeFolder('/journal');
    await world.startSupervisor();
    await world.startWorker();
    for (let step = 0; step < steps; step++) {
      await act(world);
      await world.clock.advanceAsync(world.random.int(0, 40));
      if (world.random.next() < 0.2) await revive(world, world.supervisorUp, world.workerUp);
    }
    world.disk.capacityBytes = Number.POSITIVE_INFINITY;
    world.store.down = false;
    world.store.unavailable = 0;
    await revive(world, world.supervisorUp, true);
    await world.clock.advanceAsync(2000);
    await world.drain();
    return world;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const seeds = [1, 2, 3, 4, 5, 6, 7, 8, ((Date.now() / 1000) | 0) % 1_000_000];

test.each(seeds)('seed %i: nothing acknowledged is lost and the counters add up', async (seed) => {
  const world = await run(seed, 1200);
  let acked = 0;
  for (const device of world.devices) {
    const query = { enterprise: 'acme', device: device.name, profile: 'press', limit: 100_000 };
    const rows = await world.store.readings(query);
    const stored = new Set(rows.map(({ seq }) => seq));
    const dead = new Set(
      [...world.letters.values()]
        .filter((letter) => letter.device === device.name && letter.stage === 'store')
        .map((letter) => Number(/seq=(\d+)/.exec(letter.payload)?.[1])),
    );
    acked += device.acked.size;
    const lost = [...device.acked].filter((seq) => !stored.has(seq) && !dead.has(seq));
    expect(lost, `seed ${seed}, ${device.name}`).toEqual([]);
    expect(stored.size, `seed ${seed}, ${device.name}: a row twice`).toBe(rows.length);
    for (const seq of stored) expect(seq).toBeLessThanOrEqual(device.seq);
  }
  expect(acked).toBeGreaterThan(100);
  const { counters, refusedByCheck, refusedByStore, stored } = world.feeds.shipped();
  const { received, withheld, dropped } = counters;
  expect(received, `seed ${seed}`).toBe(
    stored + refusedByCheck + refusedByStore + withheld + dropped,
  );
  const letters = [...world.letters.values()];
  const whole = letters.filter(({ stage, scope }) => stage === 'check' && scope === 'reading');
  expect(whole.length, `seed ${seed}: a letter for each refused reading`).toBe(refusedByCheck);
});
