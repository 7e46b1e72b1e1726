import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EnterpriseGate } from '../../../gateway/fairness/enterprise-gate.ts';
import type { EnterpriseLimits } from '../../../gateway/registry/registry.ts';
import type { MessageSink, SourceMessage } from '../../../gateway/sources/source.ts';
import type { ErrorCode } from '../../../model/errors.ts';
import { limits } from '../../../model/limits.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { messageAt } from '../sources/message.ts';

const none: EnterpriseLimits = { sessionsMax: null, messagesPerSecondMax: null };
function setUp(
  defaults = { sessionsMax: 3, messagesPerSecondMax: 10 },
  limitsOf: (enterprise: string) => Promise<EnterpriseLimits> = async () => none,
) {
  const clock = new VirtualClock();
  const passed: SourceMessage[] = [];
  const turnedAway: [SourceMessage, ErrorCode][] = [];
  const sink = {
    accepting: true as boolean,
    submit: (message: SourceMessage) => passed.push(message),
    turnAway: (message: SourceMessage, code: ErrorCode) => turnedAway.push([message, code]),
  } satisfies MessageSink;
  /** Enterprises that may add nothing more to the journal. */
  const overShare = new Set<string>();
  const gate = new EnterpriseGate({
    clock,
    sink,
    exceedsJournalShare: (enterprise) => overShare.has(enterprise),
    defaults,
    limitsOf,
    workers: 4,
  });
  const send = (over: Partial<SourceMessage> = {}): SourceMessage => {
    const message = messageAt(clock.monotonicMs(), over);
    gate.submit(message);
    return message;
  };
  const codes = () => turnedAway.map(([, code]) => code);
  return { clock, codes, gate, overShare, passed, send, sink, turnedAway };
}

describe('sessions', () => {
  test('are counted for each enterprise, and let in again when one has closed', () => {
    const { gate } = setUp();
    const answers = Array.from({ length: 4 }, () => gate.admitSession('acme'));
    expect(answers).toEqual([null, null, null, 'enterprise.sessions-exceeded']);
    expect(gate.admitSession('other')).toBeNull();
    gate.sessionClosed('acme');
    expect(gate.admitSession('acme')).toBeNull();
    expect(gate.admitSession('acme')).toBe('enterprise.sessions-exceeded');
  });

  test('of claims are counted apart: they neither use up the others nor are used up by them', () => {
    const { gate, overShare } = setUp();
    const { claimSessionsPerEnterpriseMax: max } = limits;
    for (let i = 0; i < max; i++) expect(gate.admitSession('acme', 'claim')).toBeNull();
    expect(gate.admitSession('acme', 'claim')).toBe('claim.sessions-exceeded');
    expect(gate.admitSession('other', 'claim')).toBeNull();
    for (let i = 0; i < 3; i++) expect(gate.admitSession('acme')).toBeNull();
    gate.sessionClosed('acme', 'claim');
    expect(gate.admitSession('acme', 'gateway')).toBe('enterprise.sessions-exceeded');
    // They write nothing to the journal.
    overShare.add('acme');
    expect(gate.admitSession('acme', 'claim')).toBeNull();
  });

  test('do not begin while the enterprise may add nothing to the journal', () => {
    const { gate, overShare } = setUp();
    overShare.add('acme');
    expect(gate.admitSession('acme')).toBe('enterprise.journal-share-exceeded');
    expect(gate.admitSession('other')).toBeNull();
    overShare.clear();
    const answers = Array.from({ length: 4 }, () => gate.admitSession('acme'));
    // Those that were refused are not counted.
    expect(answers).toEqual([null, null, null, 'enterprise.sessions-exceeded']);
  });

  test("an enterprise's own limits hold as soon as they are read, and when they are changed", async () => {
    let sessionsMax: number | null = 1;
    const { clock, gate } = setUp(undefined, async () => ({ ...none, sessionsMax }));
    expect(gate.admitSession('acme')).toBeNull();
    await clock.advanceAsync(0);
    expect(gate.admitSession('acme')).toBe('enterprise.sessions-exceeded');
    sessionsMax = 2;
    gate.refresh('acme');
    await clock.advanceAsync(0);
    expect(gate.admitSession('acme')).toBeNull();
    sessionsMax = null;
    gate.refresh('acme');
    await clock.advanceAsync(0);
    expect(gate.admitSession('acme')).toBeNull();
  });

  test('limits that could not be read are asked for again, and an older answer is void', async () => {
    const answers: PromiseWithResolvers<EnterpriseLimits>[] = [];
    const { clock, gate } = setUp(undefined, () => {
      const answer = Promise.withResolvers<EnterpriseLimits>();
      answers.push(answer);
      return answer.promise;
    });
    gate.admitSession('acme');
    answers[0]?.reject(new Error('the registry is busy'));
    await clock.advanceAsync(0);
    gate.admitSession('acme');
    gate.refresh('acme');
    expect(answers).toHaveLength(3);
    answers[2]?.resolve({ ...none, sessionsMax: 2 });
    await clock.advanceAsync(0);
    answers[1]?.resolve({ ...none, sessionsMax: 9 });
    await clock.advanceAsync(0);
    expect(gate.admitSession('acme')).toBe('enterprise.sessions-exceeded');
  });
});

describe('messages per second', () => {
  test('a burst of two seconds passes at once, two more seconds wait, the rest is turned away', async () => {
    const { clock, codes, gate, passed, send } = setUp();
    const sent = Array.from({ length: 50 }, () => send());
    expect(passed).toEqual(sent.slice(0, 20));
    expect(gate.waiting).toBe(20);
    expect(codes()).toEqual(Array(10).fill('enterprise.rate-exceeded'));
    await clock.advanceAsync(1000);
    expect(passed.length).toBeGreaterThanOrEqual(29);
    expect(passed.length).toBeLessThanOrEqual(31);
    await clock.advanceAsync(1100);
    expect(passed).toEqual(sent.slice(0, 40));
    expect([gate.waiting, clock.pending]).toEqual([0, 0]);
  });

  test('who has to wait does not hold up anybody else', () => {
    const { passed, send } = setUp();
    for (let i = 0; i < 30; i++) send();
    const other = send({ enterprise: 'other' });
    expect(passed.at(-1)).toBe(other);
  });

  test('what comes while something waits waits behind it', async () => {
    const { clock, passed, send } = setUp();
    const sent = Array.from({ length: 22 }, () => send());
    await clock.advanceAsync(150);
    sent.push(send());
    await clock.advanceAsync(1000);
    expect(passed).toEqual(sent);
  });

  test('a long message counts for each started 4 KiB, and its debt is paid before the next', async () => {
    const { clock, passed, send } = setUp();
    for (let i = 0; i < 19; i++) send();
    const long = send({ content: Buffer.alloc(40_000) });
    const next = send();
    expect(passed.at(-1)).toBe(long);
    await clock.advanceAsync(850);
    expect(passed.at(-1)).toBe(long);
    await clock.advanceAsync(150);
    expect(passed.at(-1)).toBe(next);
  });

  test('what waits is bounded in bytes too, of one enterprise and of all', () => {
    const { codes, gate, send } = setUp({ sessionsMax: 1, messagesPerSecondMax: 1000 });
    const content = Buffer.alloc(limits.payloadBytesMax);
    for (let i = 0; i < 200; i++) send({ content });
    const bytes = gate.waiting * limits.payloadBytesMax;
    expect(bytes).toBeLessThanOrEqual(limits.enterpriseWaitingBytesMax);
    expect(codes().length).toBeGreaterThan(50);
    for (let e = 0; e < 30; e++) {
      for (let i = 0; i < 200; i++) send({ content, enterprise: `e${e}` });
    }
    expect(gate.waiting * limits.payloadBytesMax).toBeLessThanOrEqual(limits.gateWaitingBytesMax);
  });

  test('a message whose session has closed meanwhile is withheld; at QoS 0 it still goes', async () => {
    const { clock, passed, send, turnedAway } = setUp();
    for (let i = 0; i < 20; i++) send();
    const session = { closed: false };
    const gone = send({ session });
    const left = send({ session, bestEffort: true });
    const stays = send({ session: { closed: false } });
    session.closed = true;
    await clock.advanceAsync(500);
    expect(passed.slice(20)).toEqual([left, stays]);
    expect(turnedAway).toEqual([[gone, 'enterprise.rate-exceeded']]);
  });

  test('nothing is forwarded, or left without an answer, beyond its time', async () => {
    const { clock, passed, send, sink, turnedAway } = setUp();
    for (let i = 0; i < 20; i++) send();
    sink.accepting = false;
    const patient = send();
    const hasty = send({ ackWaitMs: 1000 });
    await clock.advanceAsync(1600);
    expect(turnedAway).toEqual([[hasty, 'publish.ack-wait-exceeded']]);
    sink.accepting = true;
    await clock.advanceAsync(200);
    expect(passed.at(-1)).toBe(patient);
    expect(clock.pending).toBe(0);
  });

  test('while the pipeline takes nothing no tokens come, and the reason is another one', async () => {
    const { clock, codes, passed, send, sink } = setUp();
    sink.accepting = false;
    for (let i = 0; i < 41; i++) send();
    await clock.advanceAsync(5000);
    expect(passed).toHaveLength(20);
    expect(codes()).toEqual(['publish.in-flight-exceeded']);
  });

  test('a lower limit turns the newest away that wait, a higher one lets them go', async () => {
    let messagesPerSecondMax = 10;
    const { clock, codes, gate, passed, send } = setUp(undefined, async () => ({
      ...none,
      messagesPerSecondMax,
    }));
    gate.admitSession('acme');
    await clock.advanceAsync(0);
    const sent = Array.from({ length: 40 }, () => send());
    messagesPerSecondMax = 2;
    gate.refresh('acme');
    await clock.advanceAsync(0);
    expect(codes()).toHaveLength(17);
    messagesPerSecondMax = 1000;
    gate.refresh('acme');
    await clock.advanceAsync(40);
    expect(passed).toEqual(sent.slice(0, 23));
  });

  test('a share is less than the limit until it is taken back, and says what arrives', async () => {
    const { clock, gate, passed, send } = setUp();
    for (let i = 0; i < 20; i++) send();
    expect(gate.rates()).toEqual([
      { enterprise: 'acme', offeredPerSecond: 20, limitPerSecond: 10 },
    ]);
    gate.share([{ enterprise: 'acme', perSecond: 5 }]);
    await clock.advanceAsync(2000);
    for (let i = 0; i < 20; i++) send();
    expect(passed).toHaveLength(30);
    gate.rates();
    expect(gate.rates()).toEqual([{ enterprise: 'acme', offeredPerSecond: 0, limitPerSecond: 10 }]);
    gate.share([{ enterprise: 'acme', perSecond: null }]);
    expect(gate.rates()).toEqual([]);
    gate.close();
  });

  test('closing turns away what waits and leaves the rest to the pipeline', () => {
    const { clock, codes, gate, passed, send } = setUp();
    for (let i = 0; i < 25; i++) send();
    gate.close();
    expect(codes()).toHaveLength(5);
    const late = send();
    expect(passed.at(-1)).toBe(late);
    expect([gate.waiting, clock.pending]).toEqual([0, 0]);
  });

  test('coming again as a new session gives no new burst', async () => {
    const { clock, gate, passed, send } = setUp();
    for (let round = 0; round < 5; round++) {
      gate.admitSession('acme');
      for (let i = 0; i < 20; i++) send();
      gate.sessionClosed('acme');
      for (let e = 0; e < 3000; e++) {
        gate.admitSession(`e${round}-${e}`);
        gate.sessionClosed(`e${round}-${e}`);
      }
    }
    await clock.advanceAsync(0);
    expect(passed).toHaveLength(20);
  });

  test('never more than burst and rate pass, none is lost, each sender keeps its order', async () => {
    const step = fc.record({
      waitMs: fc.integer({ min: 0, max: 400 }),
      messages: fc.integer({ min: 0, max: 15 }),
      accepting: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const { clock, gate, passed, send, sink, turnedAway } = setUp();
        const sent: SourceMessage[] = [];
        for (const { accepting, messages, waitMs } of steps) {
          sink.accepting = accepting;
          for (let i = 0; i < messages; i++) sent.push(send());
          clock.advance(waitMs);
          expect(passed.length).toBeLessThanOrEqual(21 + clock.monotonicMs() / 100);
          expect(passed.length + turnedAway.length + gate.waiting).toBe(sent.length);
        }
        sink.accepting = true;
        clock.advance(25_000);
        expect(gate.waiting).toBe(0);
        const order = passed.map((message) => sent.indexOf(message));
        expect(order).toEqual(order.toSorted((a, b) => a - b));
      }),
      { numRuns: 100 },
    );
  });
});
