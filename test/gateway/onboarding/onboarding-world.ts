/** Onboarding over a real registry, with workers that only listen. */

import { onTestFinished } from 'vitest';
import { EventHub } from '../../../gateway/device-events/event-hub.ts';
import { GatewayOnboarding } from '../../../gateway/onboarding/gateway-onboarding.ts';
import type { Question } from '../../../gateway/onboarding/questions.ts';
import type { ToWorker } from '../../../gateway/processes/messages.ts';
import { fromSentError } from '../../../model/sent-error.ts';
import { batchOf, type SessionChange } from '../../helpers/session-changes.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { openEmpty } from '../registry/open.ts';

export const minuteMs = 60_000;

export async function setUp(settings: { sessionsMax?: number } = {}) {
  const clock = new VirtualClock();
  const { registry } = openEmpty(clock);
  const told: [number | 'all', ToWorker][] = [];
  const store = { away: false };
  const hub = new EventHub({ clock, watch: () => {} });
  const onboarding = new GatewayOnboarding({
    registry,
    clock,
    log: { warn: () => {} },
    events: hub,
    workers: {
      send: (worker, message) => told.push([worker, message]),
      broadcast: (message) => told.push(['all', message]),
    },
    storeAway: () => store.away,
    settings: {
      inactiveAfterMs: 15 * minuteMs,
      credentialUnusedMsMax: 60 * minuteMs,
      sessionsMax: 100,
      ...settings,
    },
  });
  onTestFinished(() => hub.close());
  const add = async (device: string) => {
    await registry.add({ enterprise: 'acme', device, profile: 'cnc-machining-centre' });
    onboarding.directoryChanged([`acme.${device}`]);
    await clock.advanceAsync(10);
  };
  const opened = (number: number, subject: string): SessionChange => ({
    opened: number,
    client: `acme.${subject}`,
    atMs: clock.nowMs(),
  });
  const sessions = (worker: number, ...changes: SessionChange[]) =>
    onboarding.hear(worker, { type: 'sessions', batch: batchOf(changes) });
  const stateOf = async (device: string) => (await registry.get('acme', device))?.state;
  let asked = 0;
  /** A worker's question, and its answer. */
  const ask = async (question: Question): Promise<unknown> => {
    const id = ++asked;
    onboarding.hear(0, { type: 'questions', questions: [{ id, question }] });
    for (let tries = 0; tries < 100; tries++) {
      const found = told
        .flatMap(([, message]) => (message.type === 'answers' ? message.answers : []))
        .find((answered) => answered.id === id);
      if (found !== undefined) {
        const { answer, failure } = found;
        if (failure !== null) throw fromSentError(failure);
        return answer;
      }
      await clock.advanceAsync(5);
    }
    throw new Error('no answer');
  };
  onboarding.start();
  await clock.advanceAsync(100);
  return { add, ask, clock, hub, onboarding, opened, registry, sessions, stateOf, store, told };
}

export const change = {
  enterprise: 'acme',
  device: 'd1',
  cause: 'a test',
  actor: 'operator',
} as const;

/** Codes with which everybody is told to shut a device out. */
export const shutOuts = (told: readonly [number | 'all', ToWorker][], key: string) =>
  told.flatMap(([to, message]) => {
    if (to !== 'all' || message.type !== 'shut-out') return [];
    return message.keys.flatMap((one) => (one === key ? message.code : []));
  });
