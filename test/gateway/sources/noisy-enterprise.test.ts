import { describe, expect, test } from 'vitest';
import { EnterpriseGate } from '../../../gateway/fairness/enterprise-gate.ts';
import { Pipeline } from '../../../gateway/pipeline/pipeline.ts';
import { compileRules } from '../../../gateway/pipeline/signal-check.ts';
import type { Outcome, SourceMessage } from '../../../gateway/sources/source.ts';
import { limits } from '../../../model/limits.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { messageAt } from './message.ts';

const none = { sessionsMax: null, messagesPerSecondMax: null };

describe('one noisy enterprise', () => {
  const rules = compileRules({
    id: 'press',
    name: { zh: '冲压机', en: 'Press' },
    production: true,
    signals: [
      { id: 'power', name: { zh: '功率', en: 'Power' }, unit: 'kW', ucum: 'kW', type: 'float' },
    ],
  });

  /** A worker whose journal takes 5 ms for a commit; gives the waits of the quiet enterprise's readings. */
  async function quietWaits(noisyPerSecond: number): Promise<{
    waitsMs: number[];
    outcomes: Outcome[];
    pipeline: Pipeline;
    gate: EnterpriseGate;
    sent: number;
  }> {
    const clock = new VirtualClock();
    const pipeline = new Pipeline({
      log: { append: () => new Promise((resolve) => clock.after(5, () => resolve(undefined))) },
      clock,
      rulesOf: () => rules,
      commitIntervalMs: 10,
      strict: false,
      readingAgeMsMax: 86_400_000,
      readingAheadMsMax: 300_000,
      onFatal: (error) => {
        throw error;
      },
    });
    const defaults = { sessionsMax: 100, messagesPerSecondMax: 500 };
    const gate = new EnterpriseGate({
      clock,
      sink: pipeline,
      exceedsJournalShare: (enterprise) => pipeline.exceedsJournalShare(enterprise),
      defaults,
      limitsOf: async () => none,
      workers: 1,
    });
    const waitsMs: number[] = [];
    const outcomes: Outcome[] = [];
    let sent = 0;
    const submit = (over: Partial<SourceMessage>): void => {
      sent++;
      gate.submit(messageAt(clock.monotonicMs(), over));
    };
    for (let tick = 0; tick < 400; tick++) {
      for (let i = 0; i < noisyPerSecond / 100; i++) {
        submit({ bestEffort: i % 2 === 0, settle: (outcome) => outcomes.push(outcome) });
      }
      const startedMs = clock.monotonicMs();
      submit({
        enterprise: 'quiet',
        settle: (outcome) => {
          expect(outcome).toBe('durable');
          waitsMs.push(clock.monotonicMs() - startedMs);
        },
      });
      await clock.advanceAsync(10);
    }
    await clock.advanceAsync(5000);
    return { waitsMs, outcomes, pipeline, gate, sent };
  }

  test('at ten times its limit: the others are committed as soon as without it', async () => {
    const alone = await quietWaits(0);
    const beside = await quietWaits(5000);
    expect(beside.waitsMs).toHaveLength(400);
    expect(Math.max(...beside.waitsMs)).toBeLessThanOrEqual(Math.max(...alone.waitsMs));
    const { counters } = beside.pipeline;
    expect(beside.gate.waiting + beside.pipeline.waiting).toBe(0);
    expect(counters.received).toBe(beside.sent);
    expect(counters.refused).toBe(0);
    expect(counters.received).toBe(
      counters.accepted + counters.refused + counters.withheld + counters.dropped,
    );
    const passed = beside.outcomes.filter((outcome) => outcome === 'durable').length;
    // Two seconds' burst, four seconds of rate, and what waited at the end.
    expect(passed).toBeGreaterThan(3500);
    expect(passed).toBeLessThanOrEqual(4010);
    expect(counters.dropped).toBeGreaterThan(0);
    expect(counters.withheld).toBeGreaterThan(0);
  });

  test('has at most its burst and half of the worker in the pipeline, however long that stands', async () => {
    const clock = new VirtualClock();
    const pipeline = new Pipeline({
      log: { append: () => new Promise(() => {}) },
      clock,
      rulesOf: () => rules,
      commitIntervalMs: 10,
      strict: false,
      readingAgeMsMax: 86_400_000,
      readingAheadMsMax: 300_000,
      onFatal: () => {},
    });
    const gate = new EnterpriseGate({
      clock,
      sink: pipeline,
      exceedsJournalShare: (enterprise) => pipeline.exceedsJournalShare(enterprise),
      defaults: { sessionsMax: 1, messagesPerSecondMax: 100_000 },
      limitsOf: async () => none,
      workers: 1,
    });
    for (let tick = 0; tick < 50; tick++) {
      for (let i = 0; i < 1000; i++) gate.submit(messageAt(clock.monotonicMs()));
      await clock.advanceAsync(20);
    }
    expect(pipeline.waiting).toBeLessThanOrEqual(limits.workerInFlightMax * 0.75);
    const before = pipeline.waiting;
    gate.submit(messageAt(clock.monotonicMs(), { enterprise: 'quiet' }));
    expect(pipeline.waiting).toBe(before + 1);
  });
});
