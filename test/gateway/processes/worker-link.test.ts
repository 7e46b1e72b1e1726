/** A worker's side of the bus on a virtual clock. */

import { describe, expect, test } from 'vitest';
import type { FromWorker } from '../../../gateway/processes/messages.ts';
import { toFailure } from '../../../gateway/processes/messages.ts';
import { ShutOuts } from '../../../gateway/processes/shut-outs.ts';
import { WorkerLink } from '../../../gateway/processes/worker-link.ts';
import { OnrampError } from '../../../model/errors.ts';
import { limits } from '../../../model/limits.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

function setUp() {
  const clock = new VirtualClock();
  const sent: FromWorker[] = [];
  const link = new WorkerLink({ clock, send: (message) => sent.push(message) });
  return { clock, link, sent };
}

const question = { kind: 'enrol', enterprise: 'a', group: 'g', device: 'd', secret: 's' } as const;

describe('reports of sessions', () => {
  test('go out together after a moment, in their order, and at once when there are many', () => {
    const { clock, link, sent } = setUp();
    link.report({ closed: 1 });
    link.report({ closed: 2 });
    expect(sent).toEqual([]);
    clock.advance(10);
    expect(sent).toEqual([{ type: 'sessions', changes: [{ closed: 1 }, { closed: 2 }] }]);
    for (let i = 0; i < 1000; i++) link.report({ closed: i });
    expect(sent).toHaveLength(2);
    clock.advance(1000);
    expect(sent).toHaveLength(2);
  });
});

describe('questions', () => {
  test('find their own answer, whatever the order, and errors come as they were', async () => {
    const { link, sent } = setUp();
    const [first, second] = [link.ask<string>(question), link.ask<string>(question)];
    const ids = sent.map((message) => (message.type === 'ask' ? message.id : 0));
    const failure = toFailure(new OnrampError('group.invalid', 'revoked'));
    link.answered({ type: 'answer', id: ids[1]!, answer: null, failure });
    link.answered({ type: 'answer', id: ids[0]!, answer: 'one', failure: null });
    expect(await first).toBe('one');
    await expect(second).rejects.toMatchObject({ code: 'group.invalid', details: ['revoked'] });
  });

  test('without an answer in 10 s the machine may ask again; what comes later is nobody’s', async () => {
    const { clock, link } = setUp();
    const asked = link.ask(question);
    clock.advance(10_000);
    await expect(asked).rejects.toMatchObject({ code: 'connect.busy' });
    link.answered({ type: 'answer', id: 1, answer: 'late', failure: null });
  });

  test('no more are open than may be', async () => {
    const { link } = setUp();
    const asked = Array.from({ length: limits.questionsOpenMax }, () => link.ask(question));
    await expect(link.ask(question)).rejects.toMatchObject({ code: 'connect.busy' });
    link.answered({ type: 'answer', id: 1, answer: null, failure: null });
    await asked[0];
    void link.ask(question);
  });
});

describe('who was shut out', () => {
  test('is not let in on a credential looked up before, but on one looked up after', () => {
    const { clock, link } = setUp();
    const before = clock.monotonicMs();
    clock.advance(5);
    link.noteShutOut('acme.d1', 'device.suspended');
    expect(link.shutOut('acme.d1', before)).toBe('device.suspended');
    expect(link.shutOut('acme.d1', clock.monotonicMs())).toBe('device.suspended');
    expect(link.shutOut('acme.d2', before)).toBeNull();
    clock.advance(1);
    expect(link.shutOut('acme.d1', clock.monotonicMs())).toBeNull();
  });

  test('is forgotten in time; beyond the bound nobody slips in unseen', () => {
    const shutOuts = new ShutOuts(2);
    shutOuts.note('a.1', 'device.suspended', 10);
    shutOuts.note('a.2', 'device.revoked', 20);
    shutOuts.note('a.3', 'device.suspended', 30);
    expect(shutOuts.since('a.2', 15)).toBe('device.revoked');
    expect(shutOuts.since('a.1', 5)).toBe('connect.busy');
    expect(shutOuts.since('a.1', 11)).toBeNull();
    shutOuts.note('a.4', 'device.suspended', 70_000);
    expect(shutOuts.since('a.3', 69_000)).toBeNull();
    expect(shutOuts.since('a.4', 69_000)).toBe('device.suspended');
  });
});
