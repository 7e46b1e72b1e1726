/**
 * A worker's side of the bus on a virtual clock. Injected: a supervisor that reads nothing for a
 * while. Must hold: batches stay small, nothing is lost or out of order, and what waits is bounded.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FromWorker } from '../../../gateway/processes/messages.ts';
import { ShutOuts } from '../../../gateway/processes/shut-outs.ts';
import { WorkerLink } from '../../../gateway/processes/worker-link.ts';
import { OnrampError } from '../../../model/errors.ts';
import { limits } from '../../../model/limits.ts';
import { toSentError } from '../../../model/sent-error.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

function setUp() {
  const clock = new VirtualClock();
  const sent: FromWorker[] = [];
  /** What has not left the process, while the supervisor is busy. */
  const leaving: (() => void)[] = [];
  const supervisor = {
    busy: false,
    reads: () => {
      for (const onSent of leaving.splice(0)) onSent();
    },
  };
  const link = new WorkerLink({
    clock,
    send: (message, onSent) => {
      sent.push(message);
      leaving.push(onSent);
      if (!supervisor.busy) supervisor.reads();
    },
  });
  return { clock, link, sent, supervisor };
}

/** The session numbers of every batch, negative for an end. */
const numbersOf = (sent: readonly FromWorker[]) =>
  sent.flatMap((message) => (message.type === 'sessions' ? [message.batch.numbers] : []));

const question = { kind: 'enrol', enterprise: 'a', group: 'g', device: 'd', secret: 's' } as const;

describe('reports of sessions', () => {
  test('go out together after a moment, in their order, and at once when there are many', () => {
    const { clock, link, sent } = setUp();
    link.opened(1, 'acme.d1', 5);
    link.closed(1);
    link.opened(2, 'acme.claim.s1', 6);
    clock.advance(49);
    expect(sent).toEqual([]);
    clock.advance(1);
    const batch = {
      numbers: [1, -1, 2],
      clients: ['acme.d1', 'acme.claim.s1'],
      openedAtMs: [5, 6],
    };
    expect(sent).toEqual([{ type: 'sessions', batch }]);
    for (let i = 0; i < 1000; i++) link.closed(i + 1);
    expect(sent).toHaveLength(2);
    clock.advance(1000);
    expect(sent).toHaveLength(2);
  });

  test('wait in a storm for a supervisor that is busy; beyond the bound nobody is let in', () => {
    const { clock, link, sent, supervisor } = setUp();
    supervisor.busy = true;
    const bound = limits.sessionReportsWaitingMax;
    let number = 0;
    for (; link.accepting; number++) {
      link.opened(number + 1, `acme.d${number}`, number);
      if (number % 40 === 0) clock.advance(1);
    }
    expect(numbersOf(sent)).toHaveLength(1);
    expect(number).toBe(bound + numbersOf(sent)[0]!.length);
    // Whoever is in may still leave.
    link.closed(7);
    supervisor.busy = false;
    supervisor.reads();
    clock.advance(10);
    expect(link.accepting).toBe(true);
    const batches = numbersOf(sent);
    expect(Math.max(...batches.map(({ length }) => length))).toBeLessThanOrEqual(1000);
    const opened = Array.from({ length: number }, (_, i) => i + 1);
    expect(batches.flat()).toEqual([...opened, -7]);
  });

  test('however the supervisor reads: all arrive, once, in their order', () => {
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.tuple(fc.constant('open' as const), fc.integer({ max: 1500 })) },
      { weight: 3, arbitrary: fc.tuple(fc.constant('close' as const), fc.integer({ max: 9 })) },
      { weight: 3, arbitrary: fc.tuple(fc.constant('wait' as const), fc.integer({ max: 20 })) },
      { weight: 2, arbitrary: fc.tuple(fc.constant('busy' as const), fc.constant(0)) },
      { weight: 2, arbitrary: fc.tuple(fc.constant('reads' as const), fc.constant(0)) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { clock, link, sent, supervisor } = setUp();
        const happened: number[] = [];
        let number = 0;
        for (const [kind, value] of steps) {
          if (kind === 'wait') clock.advance(Math.max(0, value));
          else if (kind === 'busy') supervisor.busy = true;
          else if (kind === 'reads') {
            supervisor.busy = false;
            supervisor.reads();
          } else {
            for (let i = 0; i < value; i++) {
              happened.push(kind === 'open' ? ++number : -(i + 1));
              if (kind === 'open') link.opened(number, `acme.d${number}`, number);
              else link.closed(i + 1);
            }
          }
        }
        link.flush();
        const batches = sent.flatMap((message) =>
          message.type === 'sessions' ? [message.batch] : [],
        );
        expect(batches.flatMap(({ numbers }) => numbers)).toEqual(happened);
        for (const { clients, numbers, openedAtMs } of batches) {
          const opened = numbers.filter((one) => one > 0);
          expect(clients).toEqual(opened.map((one) => `acme.d${one}`));
          expect(openedAtMs).toEqual(opened);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('questions', () => {
  const ids = (sent: readonly FromWorker[]) =>
    sent.flatMap((message) =>
      message.type === 'questions' ? message.questions.map(({ id }) => id) : [],
    );

  test('go out together and find their own answer; errors come as they were', async () => {
    const { clock, link, sent } = setUp();
    const [first, second] = [link.ask<string>(question), link.ask<string>(question)];
    clock.advance(5);
    expect(sent).toHaveLength(1);
    const [one, two] = ids(sent);
    const failure = toSentError(new OnrampError('group.invalid', 'revoked'));
    link.answered([
      { id: two!, answer: null, failure },
      { id: one!, answer: 'one', failure: null },
    ]);
    expect(await first).toBe('one');
    await expect(second).rejects.toMatchObject({ code: 'group.invalid', details: ['revoked'] });
  });

  test('do not wait for reports of sessions, which go with them', () => {
    const { clock, link, sent } = setUp();
    link.opened(1, 'acme.d1', 5);
    void link.ask(question).catch(() => {});
    clock.advance(5);
    expect(sent.map(({ type }) => type)).toEqual(['sessions', 'questions']);
    clock.advance(100);
    expect(sent).toHaveLength(2);
  });

  test('without an answer in 10 s the machine may ask again; what comes later is nobody’s', async () => {
    const { clock, link } = setUp();
    const asked = link.ask(question);
    clock.advance(10_000);
    await expect(asked).rejects.toMatchObject({ code: 'connect.busy' });
    link.answered([{ id: 1, answer: 'late', failure: null }]);
  });

  test('no more are open than may be', async () => {
    const { link } = setUp();
    const asked = Array.from({ length: limits.questionsOpenMax }, () => link.ask(question));
    await expect(link.ask(question)).rejects.toMatchObject({ code: 'connect.busy' });
    link.answered([{ id: 1, answer: null, failure: null }]);
    await asked[0];
    void link.ask(question);
  });
});

describe('what became of commands', () => {
  test('goes out soon, 64 together; for a busy supervisor no more than a bound is kept', () => {
    const { clock, link, sent, supervisor } = setUp();
    link.commandOutcome({ id: 'c0', kind: 'delivered' });
    clock.advance(5);
    const told = () =>
      sent.flatMap((message) => (message.type === 'command-outcomes' ? [message.outcomes] : []));
    expect(told()).toEqual([[{ id: 'c0', kind: 'delivered' }]]);
    supervisor.busy = true;
    for (let i = 1; i <= 3000; i++) {
      link.commandOutcome({ id: `c${i}`, kind: 'delivered' });
      if (i === 1) clock.advance(5);
    }
    supervisor.busy = false;
    for (let i = 0; i < 100; i++) {
      supervisor.reads();
      clock.advance(5);
    }
    const sizes = told().map(({ length }) => length);
    expect(Math.max(...sizes)).toBe(64);
    expect(sizes.reduce((a, b) => a + b)).toBe(2 + limits.commandOutcomesWaitingMax);
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
