/** Commands in the supervisor: batched for each worker, and forgotten in time. */

import { expect, test } from 'vitest';
import { SupervisedCommands } from '../../../gateway/device-commands/supervised-commands.ts';
import type { ToWorker } from '../../../gateway/processes/messages.ts';
import type { Lives } from '../../../gateway/registry/lives.ts';
import { OnrampError } from '../../../model/errors.ts';
import { limits } from '../../../model/limits.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

/** Lines of the audit trail are `noted` when that says so. */
function setUp(noted: PromiseLike<void> = Promise.resolve()) {
  const clock = new VirtualClock();
  const sent: [number, ToWorker][] = [];
  const trail: Parameters<Lives['note']>[0][] = [];
  /** Devices with an even number are in worker 0, the others in worker 1. */
  const commands = new SupervisedCommands({
    clock,
    workerOf: (client) => Number(client.slice('acme.'.length)) % 2,
    send: (worker, message) => sent.push([worker, message]),
    trail: {
      note: async (entry) => {
        trail.push(entry);
        await noted;
      },
    },
  });
  const send = (device: number) =>
    commands.send({ enterprise: 'acme', device: `${device}`, gateway: null }, { n: device }, 'me');
  return { clock, commands, send, sent, trail };
}

test('a worker gets what is for it in one message, 64 commands at most', async () => {
  const { clock, send, sent } = setUp();
  const devices = Array.from({ length: 140 }, (_, device) => device);
  await Promise.all(devices.filter((device) => device % 2 === 0 || device < 40).map(send));
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

test('what is for a worker that dies is undelivered, and never reaches the next one', async () => {
  const { clock, commands, send, sent } = setUp();
  const [lost, other] = [await send(1), await send(2)];
  commands.workerGone(1);
  clock.advance(1);
  expect(sent.map(([worker]) => worker)).toEqual([0]);
  expect(commands.find('acme', '1', lost.id)).toMatchObject({ state: 'undelivered' });
  expect(commands.find('acme', '2', other.id)).toMatchObject({ state: 'sent' });
});

test('nothing is kept for longer than ten minutes, and no timer without a command', async () => {
  const { clock, commands, send } = setUp();
  expect(clock.pending).toBe(0);
  const { id } = await send(1);
  clock.advance(limits.commandKeptMs / 2);
  await send(2);
  clock.advance(limits.commandKeptMs / 2);
  expect(commands.find('acme', '1', id)).toBeNull();
  expect(clock.pending).toBe(1);
  clock.advance(limits.commandKeptMs);
  expect(clock.pending).toBe(0);
  await send(3);
  commands.stop();
  clock.advance(1);
  expect(clock.pending).toBe(0);
});

test('nothing leaves before the audit trail tells of it', async () => {
  let written = (): void => {};
  const { clock, send, sent, trail } = setUp(new Promise((resolve) => (written = resolve)));
  const sending = send(1);
  await Promise.resolve();
  clock.advance(1);
  expect([trail.length, sent]).toEqual([1, []]);
  written();
  const { id, sentAtMs: atMs } = await sending;
  const whom = { enterprise: 'acme', device: '1' };
  expect(trail).toEqual([{ ...whom, event: 'command-sent', cause: id, atMs, actor: 'me' }]);
  clock.advance(1);
  expect(sent).toHaveLength(1);
});

test('what the audit trail cannot tell of is not sent, and takes nobody’s place', async () => {
  const { clock, send, sent } = setUp(Promise.reject(new OnrampError('database.unavailable')));
  for (let i = 0; i < limits.commandsOfDeviceMax + 1; i++) {
    await expect(send(1)).rejects.toMatchObject({ code: 'database.unavailable' });
  }
  clock.advance(1);
  expect(sent).toEqual([]);
});

test('a worker that dies while the audit trail is written gets nothing', async () => {
  let written = (): void => {};
  const { clock, commands, send, sent } = setUp(new Promise((resolve) => (written = resolve)));
  const sending = send(1);
  commands.workerGone(1);
  written();
  expect(await sending).toMatchObject({ state: 'undelivered', code: 'device.offline' });
  clock.advance(1);
  expect(sent).toEqual([]);
});
