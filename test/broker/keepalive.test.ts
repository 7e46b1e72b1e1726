/** A silent client is found between one and a half times its keepalive and a second later. */

import { expect, test } from 'vitest';
import { Keepalive, type Watched } from '../../broker/keepalive.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';
import { device, own, reading, start } from './harness.ts';

interface Named extends Watched {
  readonly name: string;
}

function world() {
  const clock = new VirtualClock();
  const silent: string[] = [];
  // Whoever is silent is closed, and forgotten while it is.
  const keepalive: Keepalive<Named> = new Keepalive<Named>(clock, (session) => {
    silent.push(session.name);
    keepalive.forget(session);
  });
  const session = (name: string, keepaliveS: number): Named => {
    const made = { name, heardAtTick: 0, silentTicksMax: 0, dueTick: 0 };
    keepalive.watch(made, keepaliveS);
    return made;
  };
  return { clock, silent, keepalive, session };
}

test('whoever is silent is told of once, in time', () => {
  const { clock, silent, session } = world();
  clock.advance(200);
  session('a', 10);
  session('b', 20);
  clock.advance(15_000);
  expect(silent).toEqual([]);
  clock.advance(1000);
  expect(silent).toEqual(['a']);
  clock.advance(60_000);
  expect(silent).toEqual(['a', 'b']);
});

test('a packet begins the time anew', () => {
  const { clock, silent, keepalive, session } = world();
  const a = session('a', 10);
  for (let i = 0; i < 10; i++) {
    clock.advance(14_900);
    a.heardAtTick = keepalive.tick;
  }
  expect(silent).toEqual([]);
  clock.advance(15_000);
  expect(silent).toEqual([]);
  clock.advance(1000);
  expect(silent).toEqual(['a']);
});

test('a keepalive of 0 and whoever is forgotten may be silent for ever', () => {
  const { clock, silent, keepalive, session } = world();
  session('zero', 0);
  keepalive.forget(session('gone', 10));
  keepalive.forget(session('zero too', 0));
  clock.advance(3_600_000);
  expect(silent).toEqual([]);
});

test('of two that came together the one that was silent later is told of, too', () => {
  const { clock, silent, keepalive, session } = world();
  session('a', 10);
  const b = session('b', 10);
  clock.advance(10_000);
  b.heardAtTick = keepalive.tick;
  clock.advance(6000);
  expect(silent).toEqual(['a']);
  clock.advance(10_000);
  expect(silent).toEqual(['a', 'b']);
  expect(clock.pending).toBe(0);
});

test('a session that is silent ends with its will; one that publishes does not', async () => {
  const clock = new VirtualClock();
  const { port, publishes, refused, door } = await start({ clock });
  const will = {
    topic: 'onramp/v1/acme/press-1/event',
    payload: Buffer.from('x'),
    qos: 0 as const,
  };
  const quiet = await device(port, 'acme/press-1', { keepalive: 10, will });
  const busy = await device(port, 'acme/press-2', { keepalive: 10 });
  const topic = own.replace('press-1', 'press-2');
  const publish = { cmd: 'publish', topic, payload: reading, retain: false, dup: false } as const;
  clock.advance(10_000);
  busy.send({ ...publish, qos: 1, messageId: 1 });
  await busy.waitFor((packet) => packet.cmd === 'puback');
  clock.advance(6000);
  await quiet.waitForClose();
  await expect.poll(() => publishes.map(({ isWill }) => isWill)).toEqual([false, true]);
  clock.advance(6000);
  busy.send({ cmd: 'pingreq' });
  await busy.waitFor((packet) => packet.cmd === 'pingresp');
  clock.advance(14_000);
  busy.send({ cmd: 'pingreq' });
  await expect.poll(() => busy.received.filter(({ cmd }) => cmd === 'pingresp').length).toBe(2);
  expect(door.sessionCount).toBe(1);
  clock.advance(16_000);
  await busy.waitForClose();
  expect(door.sessionCount).toBe(0);
  expect(refused).toEqual([]);
});
