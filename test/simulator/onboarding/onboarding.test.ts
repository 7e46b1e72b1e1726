/** A fleet that comes on board by claim: sockets are real, time is the test's. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CityDevice } from '../../../model/city.ts';
import { native } from '../../../model/dialects/native.ts';
import { resolveTarget } from '../../../simulator/client/target.ts';
import { Fleet } from '../../../simulator/fleet.ts';
import { Measurements } from '../../../simulator/measurements.ts';
import { Onboarding } from '../../../simulator/onboarding/onboarding.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { ClaimPlatform } from './claim-platform.ts';

const devices = Array.from(
  { length: 12 },
  (_, index): CityDevice => ({
    enterprise: `e${1 + (index >> 2)}`,
    device: `d${index}`,
    profile: 'power-meter',
    district: 'wujin',
    industry: '34',
    index,
    production: true,
  }),
);

const machines = {
  read: () => ({ power: 1 }),
  takeEvents: () => [],
  intervalMs: () => 1000,
};

/** Virtual time runs ahead of sockets: these are so long that nothing is late by accident. */
const answerTimeoutMs = 600_000;
const hourMs = 3_600_000;

let platform: ClaimPlatform;
let clock: VirtualClock;
let fleet: Fleet;
let createFleet: (connectsInFlightMax: number) => void;
let onboarding: Onboarding;
let issued: string[];

beforeEach(async () => {
  platform = await ClaimPlatform.start();
  clock = new VirtualClock();
  issued = [];
  const target = await resolveTarget({ url: platform.url });
  const measurements = new Measurements();
  onboarding = new Onboarding({
    claims: {
      ...{ clock, target, keepaliveS: 36_000, connectTimeoutMs: hourMs },
      answerTimeoutMs,
      requestsMax: 3,
    },
    devices,
    dialect: native,
    claimSecret: (enterprise) => `claim of ${enterprise}`,
    measurements,
    onIssued: (_, credentials) => issued.push(credentials.clientId),
  });
  createFleet = (connectsInFlightMax) => {
    fleet = new Fleet({
      ...{ clock, target, devices, machines, onboarding, measurements },
      dialect: native,
      secret: (_, index) => onboarding.secret(index),
      qos: 1,
      report: 'key',
      intervalMs: 1000,
      connectRatePerSecond: null,
      connectsInFlightMax,
      connectTimeoutMs: hourMs,
      backoffMs: 1000,
      backoffMsMax: 8000,
      keepaliveS: 36_000,
      inFlightMax: 16,
      random: () => 0.5,
    });
    fleet.start();
  };
});
afterEach(async () => {
  fleet.stop();
  await platform.stop();
});

/** Lets the fleet run until `condition` holds, with I/O between the slots. */
async function runUntil(condition: () => boolean): Promise<void> {
  for (let slot = 0; !condition(); slot++) {
    expect(slot).toBeLessThan(20_000);
    await clock.advanceAsync(10);
  }
}

/** Until the devices have asked `times` times in all, then as long as they wait for an answer. */
async function leaveUnanswered(times: number): Promise<void> {
  await runUntil(() => platform.log.filter((line) => line.startsWith('request')).length === times);
  clock.advance(answerTimeoutMs + 1000);
}

const counters = () => fleet.measurements.counters;
const everybodyAcked = () => counters().firstAcked === devices.length;

describe('a fleet that comes on board by claim', () => {
  it('claims, returns with its own credential and sends its first reading at once', async () => {
    createFleet(4);
    await runUntil(everybodyAcked);
    for (const { enterprise, device } of devices) {
      const own = platform.log.filter((line) => line.split(/[ ./]/).includes(device));
      expect(own).toEqual([
        `claim ${enterprise}.claim.${device}`,
        `subscribe onramp/v1/${enterprise}/provision/${device}/response`,
        `request ${device}`,
        `session ${enterprise}.${device}`,
        `reading ${enterprise}.${device}`,
      ]);
      expect(platform.requests.get(`${enterprise}/${device}`)).toEqual([
        JSON.stringify({ serial: device, profile: 'power-meter' }),
      ]);
    }
    expect(counters()).toMatchObject({ attempted: 12, connected: 12, provisioned: 12 });
    expect(issued.sort()).toEqual(devices.map((d) => `${d.enterprise}.${d.device}`).sort());
    const { claim, provision, reconnect, firstAck } = fleet.measurements.latencies;
    expect([claim, provision, reconnect, firstAck].map(({ count }) => count)).toEqual(
      Array(4).fill(12),
    );
    // Its own turn within the interval would let a device wait for up to a second.
    expect(firstAck.summary()!.max).toBeLessThan(500);
    expect(fleet.measurements.failures()).toEqual([]);
  });

  it('then goes on in step with everybody, every reading due once', async () => {
    createFleet(4);
    await runUntil(everybodyAcked);
    await runUntil(() => [...platform.readings.values()].every((list) => list.length >= 5));
    const phases = [...platform.readings.values()].map((payloads) => {
      const stamps = payloads.map((payload) => JSON.parse(payload).ts as number);
      const gaps = stamps.slice(2).map((stamp, i) => stamp - stamps[i + 1]!);
      expect(gaps.every((gap) => gap === 1000)).toBe(true);
      expect(stamps[1]! - stamps[0]!).toBeLessThanOrEqual(1000);
      return stamps[1]! % 1000;
    });
    expect(new Set(phases).size).toBe(devices.length);
  });

  it('keeps to the connections in flight, claim and return in one place', async () => {
    let most = 0;
    createFleet(4);
    await runUntil(() => {
      const open = platform.server.connections.filter(({ socket }) => !socket.destroyed).length;
      most = Math.max(most, open - fleet.sessions);
      return everybodyAcked();
    });
    // A socket that has just been closed here may not be closed there yet.
    expect(most).toBeLessThanOrEqual(8);
    expect(most).toBeGreaterThan(0);
  });

  it('asks again when an answer is lost, and takes the credential that counts', async () => {
    platform.answer = (_, times, granted) => (times < 3 ? [] : [JSON.stringify(granted)]);
    createFleet(12);
    for (const times of [12, 24]) await leaveUnanswered(times);
    const answered = () => platform.server.received.filter(({ cmd }) => cmd === 'puback').length;
    await runUntil(() => answered() === 12);
    // The others might have been answered too, and late.
    expect(platform.log.filter((line) => line.startsWith('session'))).toEqual([]);
    clock.advance(answerTimeoutMs + 1000);
    await runUntil(everybodyAcked);
    expect(counters()).toMatchObject({ askedAgain: 24, provisioned: 12 });
    expect(platform.log.filter((line) => line.startsWith('claim'))).toHaveLength(12);
    expect(fleet.measurements.latencies.provision.summary()!.p50).toBeGreaterThanOrEqual(
      2 * answerTimeoutMs,
    );
  });

  it('takes the last of the answers that come late', async () => {
    platform.answer = (_, times, granted) => {
      const answer = JSON.stringify(granted);
      return times === 1 ? [] : [answer.replace('number 2', 'number 1'), answer];
    };
    createFleet(12);
    await leaveUnanswered(12);
    await runUntil(everybodyAcked);
    expect(fleet.measurements.failures()).toEqual([]);
  });

  it('gives up after three requests and comes back with back-off', async () => {
    platform.answer = (_, times, granted) => (times < 4 ? [] : [JSON.stringify(granted)]);
    createFleet(12);
    for (const times of [12, 24, 36]) await leaveUnanswered(times);
    await runUntil(() => fleet.untried === 0);
    expect(fleet.measurements.failures()).toEqual([
      { stage: 'provision', code: 'timeout', count: 12 },
    ]);
    expect(counters().connected).toBe(0);
    await runUntil(everybodyAcked);
    expect(counters()).toMatchObject({ attempted: 12, connected: 12, provisioned: 12 });
  });

  it('claims anew when its credential is refused before it was used', async () => {
    // A credential whose time to be used has passed, for instance.
    platform.answer = (_, times, granted) => [
      JSON.stringify(times === 1 ? { ...granted, password: 'void' } : granted),
    ];
    createFleet(4);
    await runUntil(everybodyAcked);
    expect(counters()).toMatchObject({ provisioned: 12, connected: 12 });
    expect(fleet.measurements.failures()).toEqual([{ stage: 'connack', code: '5', count: 12 }]);
  });

  it('keeps a credential that was used, also after a refusal', async () => {
    createFleet(4);
    await runUntil(everybodyAcked);
    platform.passwords.clear();
    platform.server.dropAll();
    await runUntil(() => fleet.measurements.failures().some(({ stage }) => stage === 'connack'));
    for (const index of devices.keys()) expect(onboarding.needsClaim(index)).toBe(false);
  });

  it.each([
    [
      'a refusal, by its code',
      () => {
        platform.answer = () => ['{"status":"refused","code":"claim.spent","message":"…"}'];
      },
      { stage: 'provision', code: 'claim.spent' },
    ],
    [
      'a refusal whose code is none',
      () => {
        platform.answer = () => ['{"status":"refused","code":"<script>"}'];
      },
      { stage: 'provision', code: 'refused' },
    ],
    [
      'an answer that is none',
      () => {
        platform.answer = () => ['{"status":"ok"}'];
      },
      { stage: 'provision', code: 'answer-invalid' },
    ],
    [
      'the credential of another device',
      () => {
        platform.answer = (_, __, granted) => [
          JSON.stringify({ ...granted, username: 'e1/other' }),
        ];
      },
      { stage: 'provision', code: 'another-identity' },
    ],
    [
      'a subscription that is refused',
      () => {
        platform.refusesSubscriptions = true;
      },
      { stage: 'provision', code: 'subscription-refused' },
    ],
    [
      'a claim that is refused',
      () => {
        platform.claimSecret = () => 'another';
      },
      { stage: 'claim', code: '5' },
    ],
  ])('counts %s', async (_, break_, failure) => {
    break_();
    createFleet(4);
    await runUntil(() => fleet.untried === 0);
    // On a busy machine some have tried again before the last has tried.
    const [counted, ...others] = fleet.measurements.failures();
    expect(counted).toMatchObject(failure);
    expect(counted!.count).toBeGreaterThanOrEqual(12);
    expect(others).toEqual([]);
    expect(counters()).toMatchObject({ attempted: 12, connected: 0, provisioned: 0 });
  });

  it('counts a session that is cut amid its claim', async () => {
    platform.answer = () => {
      platform.server.dropAll();
      return [];
    };
    createFleet(4);
    await runUntil(() => fleet.untried === 0);
    const failures = fleet.measurements.failures();
    expect(failures.every(({ stage }) => stage === 'provision' || stage === 'claim')).toBe(true);
    expect(failures.reduce((sum, { count }) => sum + count, 0)).toBeGreaterThanOrEqual(12);
  });
});
