/** Commands in the supervisor: batched for each worker, and forgotten in time. */

import { expect, test } from 'vitest';
import { SupervisedCommands } from '../../../gateway/device-commands/supervised-commands.ts';
import type { ToWorker } from '../../../gateway/processes/messages.ts';
import { limits } from '../../../model/limits.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

function setUp() {
  const clock = new VirtualClock();
  const sent: [number, ToWorker][] = [];
  /** Devices with an even number are in worker 0, the others in worker 1. */
  const commands = new SupervisedCommands({
    clock,
    workerOf: (client) => Number(client.slice('acme.'.length)) % 2,
    send: (worker, message) => sent.push([worker, message]),
  });
  const send = (device: number) =>
    commands.send({ enterprise: 'acme', device: `${device}`, gateway: null }, { n: device });
  return { clock, commands, send, sent };
}

test('a worker gets what is for it in one message, 64 commands at most', () => {
  const { clock, send, sent } = setUp();
  for (let device = 0; device < 140; device += 2) send(device);
  for (let device = 1; device < 40; device += 2) send(device);
  expect(sent).toEqual([]);
  clock.advance(1);
  const sizes = sent.map(([worker, message]) => [
    worker,
    message.type === 'commands' ? message.commands.length : 0,
  ]);
  expect(sizes).toEqual([
    [0, 64],
    [0, 6],
    [1, 20],
  ]);
});

test('what is for a worker that dies is undelivered, and never reaches the next one', () => {
  const { clock, commands, send, sent } = setUp();
  const [lost, other] = [send(1), send(2)];
  commands.workerGone(1);
  clock.advance(1);
  expect(sent.map(([worker]) => worker)).toEqual([0]);
  expect(commands.find('acme', '1', lost.id)).toMatchObject({ state: 'undelivered' });
  expect(commands.find('acme', '2', other.id)).toMatchObject({ state: 'sent' });
});

test('nothing is kept for longer than ten minutes, and no timer without a command', () => {
  const { clock, commands, send } = setUp();
  expect(clock.pending).toBe(0);
  const { id } = send(1);
  clock.advance(limits.commandKeptMs / 2);
  send(2);
  clock.advance(limits.commandKeptMs / 2);
  expect(commands.find('acme', '1', id)).toBeNull();
  expect(clock.pending).toBe(1);
  clock.advance(limits.commandKeptMs);
  expect(clock.pending).toBe(0);
  send(3);
  commands.stop();
  clock.advance(1);
  expect(clock.pending).toBe(0);
});
