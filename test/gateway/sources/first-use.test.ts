/** A credential of a claim is in use before its device is let in, or it is not let in. */

import { describe, expect, test } from 'vitest';
import { type DeviceState, deviceStates, mayConnect } from '../../../model/device.ts';
import { OnrampError } from '../../../model/errors.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { secret, World } from './mqtt-world.ts';

const arrives = {
  kind: 'arrive',
  enterprise: 'acme',
  device: 'press-1',
  secretHash: secretHash(secret).toString('hex'),
};

describe('a device that shows what a claim gave it', () => {
  test('is let in when that is written, and not before', async () => {
    let write = () => {};
    const written = new Promise<void>((resolve) => {
      write = resolve;
    });
    const world = await World.start({ ask: () => written.then(() => true) });
    world.add('acme.press-1', { state: 'provisioned' });
    const connecting = world.connect('press-1');
    await expect.poll(() => world.questions).toEqual([arrives]);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect([world.changes, world.source.stats().sessions]).toEqual([[], 0]);
    write();
    expect((await connecting).code).toBe(0);
    expect(world.changes).toHaveLength(1);
  });

  test.each<[string, object, number, string]>([
    ['claimed anew', { secretHash: secretHash('of another') }, 4, 'connect.bad-credentials'],
    ['suspended', { state: 'suspended' }, 5, 'device.suspended'],
    ['expired', { state: 'expired' }, 5, 'device.credential-expired'],
  ])('is refused when it was %s in between', async (_what, more, code, reason) => {
    const world: World = await World.start({
      ask: async () => {
        world.add('acme.press-1', { state: 'provisioned', ...more });
        return false;
      },
    });
    world.add('acme.press-1', { state: 'provisioned' });
    expect((await world.connect('press-1')).code).toBe(code);
    expect(world.events).toMatchObject([{ kind: 'refused', code: reason }]);
    expect(world.questions).toHaveLength(1);
  });

  test('is let in when it has arrived over another connection in between', async () => {
    const world: World = await World.start({
      ask: async () => {
        world.add('acme.press-1', { state: 'connected' });
        return false;
      },
    });
    world.add('acme.press-1', { state: 'provisioned' });
    expect((await world.connect('press-1')).code).toBe(0);
    expect(world.questions).toHaveLength(1);
  });

  test('may come again when nobody can write that, or it changes on and on', async () => {
    const busy = await World.start({
      ask: async () => {
        throw new OnrampError('connect.busy');
      },
    });
    const changing = await World.start({ ask: async () => false });
    for (const world of [busy, changing]) {
      world.add('acme.press-1', { state: 'provisioned' });
      expect((await world.connect('press-1')).code).toBe(3);
      expect(world.changes).toEqual([]);
    }
    expect(changing.questions.length).toBeLessThanOrEqual(3);
  });

  test('with a wrong secret is not asked for', async () => {
    const world = await World.start();
    world.add('acme.press-1', { state: 'provisioned' });
    expect((await world.connect('press-1', 'wrong')).code).toBe(4);
    expect(world.questions).toEqual([]);
  });
});

test.each(deviceStates.filter((state) => mayConnect(state) && state !== 'provisioned'))(
  'a device that is %s waits for nobody',
  async (state: DeviceState) => {
    const world = await World.start({ ask: () => new Promise(() => {}) });
    world.add('acme.press-1', { state });
    expect((await world.connect('press-1')).code).toBe(0);
    expect(world.questions).toEqual([]);
  },
);
