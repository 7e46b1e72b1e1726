import { describe, expect, test } from 'vitest';
import type { DeviceEvent, DeviceEventTap } from '../../../gateway/device-events/device-event.ts';
import type { Commit } from '../../../gateway/journal/commit.ts';
import { KnownDevice } from '../../../gateway/pipeline/known-device.ts';
import { Pipeline, type PipelineOptions } from '../../../gateway/pipeline/pipeline.ts';
import { compileRules } from '../../../gateway/pipeline/signal-check.ts';
import type { Outcome, SourceMessage } from '../../../gateway/sources/source.ts';
import { OnrampError } from '../../../model/errors.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

const rules = compileRules({
  id: 'press',
  name: { zh: '冲压机', en: 'Press' },
  production: true,
  signals: [
    {
      id: 'power',
      name: { zh: '功率', en: 'Power' },
      unit: 'kW',
      ucum: 'kW',
      type: 'float',
      range: [0, 9],
    },
  ],
});
const device = new KnownDevice({
  enterprise: 'acme',
  device: 'p1',
  profile: 'press',
  district: 'wujin',
  industry: '34',
});

function setUp(options: Partial<PipelineOptions> = {}) {
  const clock = new VirtualClock();
  const commits: Commit[] = [];
  const fatal: unknown[] = [];
  const outcomes: [number, Outcome][] = [];
  const pipeline = new Pipeline({
    log: {
      append: async (commit) => {
        commits.push(commit);
      },
    },
    clock,
    rulesOf: (id) => (id === 'press' ? rules : undefined),
    commitIntervalMs: 10,
    strict: false,
    readingAgeMsMax: 86_400_000,
    readingAheadMsMax: 300_000,
    onFatal: (error) => fatal.push(error),
    ...options,
  });
  let count = 0;
  const send = (payload: string, over: Partial<SourceMessage> = {}): number => {
    const id = count++;
    pipeline.submit({
      enterprise: 'acme',
      deviceId: 'p1',
      device,
      channel: 'telemetry',
      topic: 'onramp/v1/acme/p1/telemetry',
      content: Buffer.from(payload),
      bestEffort: false,
      excess: false,
      ackWaitMs: 20_000,
      arrivedAtMs: clock.monotonicMs(),
      settle: (outcome) => outcomes.push([id, outcome]),
      ...over,
    });
    return id;
  };
  return { clock, commits, fatal, outcomes, pipeline, send };
}

const good = '{"seq":1,"values":{"power":1}}';

describe('group commit', () => {
  test('messages of one interval share a commit and are settled in their order after it', async () => {
    const { clock, commits, outcomes, send } = setUp();
    for (let i = 0; i < 5; i++) send(good);
    expect(outcomes).toEqual([]);
    await clock.advanceAsync(20);
    expect(commits).toHaveLength(1);
    expect(commits[0]?.timestampsMs).toHaveLength(5);
    expect(outcomes).toEqual([0, 1, 2, 3, 4].map((id) => [id, 'durable']));
  });

  test('nothing is settled before the journal says so; what arrives meanwhile is the next batch', async () => {
    const releases: (() => void)[] = [];
    const { clock, outcomes, send } = setUp({
      log: { append: () => new Promise<void>((resolve) => releases.push(resolve)) },
    });
    send(good);
    await clock.advanceAsync(50);
    send(good);
    await clock.advanceAsync(5000);
    expect(outcomes).toEqual([]);
    expect(releases).toHaveLength(1);
    releases[0]?.();
    await clock.advanceAsync(50);
    expect(outcomes).toEqual([[0, 'durable']]);
    releases[1]?.();
    await clock.advanceAsync(50);
    expect(outcomes).toHaveLength(2);
  });
});

describe('touched devices', () => {
  const fresh = () => new KnownDevice(device.device);

  test('the first accepted reading tells of its device, then one a minute', async () => {
    const { clock, commits, send } = setUp();
    const own = { device: fresh() };
    send('{"values":{"power":99}}', own);
    send(good, own);
    send(good, own);
    await clock.advanceAsync(20);
    send(good, { ...own, channel: 'telemetry' });
    await clock.advanceAsync(59_000);
    send(good, own);
    await clock.advanceAsync(2000);
    send('{"values":{"power":99}}', own);
    send(good, own);
    await clock.advanceAsync(20);
    const touched = commits.flatMap((commit) => commit.touched);
    expect(touched).toEqual([
      { reading: 0, key: 'acme.p1' },
      { reading: 0, key: 'acme.p1' },
    ]);
    expect(commits.at(-1)?.touched).toHaveLength(1);
  });

  test('every device of a batch is told of at its own reading', async () => {
    const { clock, commits, send } = setUp();
    const other = new KnownDevice({ ...device.device, device: 'p2' });
    send('[{"values":{"power":1}},{"values":{"power":2}}]', { device: fresh() });
    send(good, { deviceId: 'p2', device: other });
    await clock.advanceAsync(20);
    expect(commits[0]?.touched).toEqual([
      { reading: 0, key: 'acme.p1' },
      { reading: 2, key: 'acme.p2' },
    ]);
  });
});

describe('refusals', () => {
  test.each([
    ['payload.not-json', '{"values":', {}],
    ['payload.not-a-reading', '{"power":1}', {}],
    ['payload.too-large', `{"values":{"power":"${'x'.repeat(140_000)}"}}`, {}],
    ['reading.unknown-device', good, { device: 'reading.unknown-device' as const }],
    ['reading.all-refused', '{"values":{"power":99}}', {}],
    ['reading.all-refused', '{"values":{"power":NaN}}', {}],
  ])('%s is durable before it is acknowledged', async (code, payload, over) => {
    const { clock, commits, outcomes, pipeline, send } = setUp();
    send(payload, over);
    await clock.advanceAsync(20);
    expect(outcomes).toEqual([[0, 'durable']]);
    expect(commits[0]?.refusals).toMatchObject([
      { code, scope: 'reading', enterprise: 'acme', device: 'p1' },
    ]);
    expect(commits[0]?.lines).toBe('');
    expect(pipeline.counters).toMatchObject({ received: 1, accepted: 0, refused: 1 });
    expect(pipeline.refusals.get(code as never)).toBe(1);
  });

  test('deep nesting and hostile objects cannot break a batch', async () => {
    const { clock, commits, outcomes, pipeline, send } = setUp();
    send(`{"ts":{"toString":1},"values":{"power":1}}`);
    send(`{"seq":${'['.repeat(50_000)}${']'.repeat(50_000)},"values":{"power":1}}`);
    send(good);
    await clock.advanceAsync(20);
    expect(outcomes).toHaveLength(3);
    expect(commits).toHaveLength(1);
    const { received, accepted, refused } = pipeline.counters;
    expect(received).toBe(accepted + refused);
  });
});

describe('back-pressure', () => {
  const full = { append: () => Promise.reject(new OnrampError('journal.full')) };

  test('a full journal withholds, refuses sessions and drops only QoS 0', async () => {
    const { clock, outcomes, pipeline, send } = setUp({ log: full });
    send(good);
    await clock.advanceAsync(300);
    expect(pipeline.accepting).toBe(false);
    send(good, { bestEffort: true });
    expect(outcomes).toEqual([[1, 'dropped']]);
    expect(pipeline.counters).toMatchObject({ received: 2, dropped: 1 });
  });

  test('who waits too long is closed, unacknowledged; the commit itself is kept', async () => {
    let fullNow = true;
    const commits: Commit[] = [];
    const { clock, outcomes, send } = setUp({
      log: {
        append: async (commit) => {
          if (fullNow) throw new OnrampError('journal.full');
          commits.push(commit);
        },
      },
    });
    send(good);
    await clock.advanceAsync(100);
    send(good);
    await clock.advanceAsync(25_000);
    expect(outcomes).toEqual([
      [0, { withheld: 'publish.ack-wait-exceeded' }],
      [1, { withheld: 'publish.ack-wait-exceeded' }],
    ]);
    fullNow = false;
    send(good);
    await clock.advanceAsync(1000);
    // The first was in the commit under way and is stored; the second was forgotten.
    expect(commits.map(({ timestampsMs }) => timestampsMs.length)).toEqual([1, 1]);
    expect(commits.at(-1)?.counters).toMatchObject({ received: 3, accepted: 2, withheld: 1 });
    expect(outcomes.at(-1)).toEqual([2, 'durable']);
  });

  test('what waits is bounded: beyond it a publish is withheld at once', async () => {
    const { clock, outcomes, pipeline, send } = setUp({
      log: full,
      limits: { workerInFlightMax: 10 },
    });
    send(good);
    await clock.advanceAsync(20);
    for (let i = 0; i < 20; i++) send(good);
    expect(pipeline.waiting).toBe(10);
    expect(outcomes).toHaveLength(11);
    expect(pipeline.counters.withheld).toBe(11);
  });

  test('a device that floods the dead letters is closed for a while; nobody else is', async () => {
    const limits = { refusalsPerSecondMax: 10, refusalsBurstMax: 100 };
    const { clock, outcomes, pipeline, send } = setUp({ limits });
    for (let i = 0; i < 30; i++) {
      for (let j = 0; j < 10; j++) send('{"values":{"bogus":1}}');
      await clock.advanceAsync(20);
    }
    expect(outcomes.at(-1)).toEqual([299, { withheld: 'publish.refused-too-often' }]);
    const { received, refused, withheld } = pipeline.counters;
    expect(refused).toBeLessThan(150);
    expect(received).toBe(refused + withheld);
    const other = send(good, { deviceId: 'p2' });
    await clock.advanceAsync(20);
    expect(outcomes.at(-1)).toEqual([other, 'durable']);
    await clock.advanceAsync(10_000);
    const again = send(good);
    await clock.advanceAsync(20);
    expect(outcomes.at(-1)).toEqual([again, 'durable']);
  });

  test('without room nothing is written until room is granted', async () => {
    const { clock, commits, outcomes, pipeline, send } = setUp();
    pipeline.grantRoom(0);
    send(good);
    await clock.advanceAsync(2000);
    expect(commits).toHaveLength(0);
    pipeline.grantRoom(1_000_000);
    await clock.advanceAsync(20);
    expect(outcomes).toEqual([[0, 'durable']]);
  });

  test('a journal that failed for good ends the worker and acknowledges nothing', async () => {
    const { clock, fatal, outcomes, send } = setUp({
      log: { append: () => Promise.reject(new OnrampError('journal.failed')) },
    });
    send(good);
    await clock.advanceAsync(20);
    expect(fatal).toHaveLength(1);
    expect(outcomes).toEqual([]);
  });
});

describe('events of watched devices', () => {
  type Noted = Omit<DeviceEvent, 'atMs' | 'count'>;

  function tapOf(...keys: string[]): DeviceEventTap & { readonly noted: Noted[] } {
    const noted: Noted[] = [];
    return {
      noted,
      active: keys.length > 0,
      watches: (key) => keys.includes(key),
      note: (event) => noted.push(event),
    };
  }

  test('are told when the commit is durable, not before, and of nobody else', async () => {
    const events = tapOf('acme.p1');
    const release = Promise.withResolvers<void>();
    const { clock, send } = setUp({ events, log: { append: () => release.promise } });
    send('[{"values":{"power":1}},{"values":{"power":2}}]');
    send('{"values":{"power":99}}');
    send('{"values":{"power":1,"bogus":2}}');
    send('{"values":');
    send('{"code":"HOT","severity":2,"state":"raised"}', { channel: 'event' });
    send(good, { deviceId: 'p2' });
    await clock.advanceAsync(100);
    expect(events.noted).toEqual([]);
    release.resolve();
    await clock.advanceAsync(100);
    const key = 'acme.p1';
    const accepted = { key, kind: 'accepted', code: null, detail: 'telemetry' };
    const outOfRange = { code: 'signal.out-of-range', detail: 'power: 99 is not in 0 to 9 kW' };
    const refused = { key, kind: 'field-refused' };
    expect(events.noted).toEqual([
      accepted,
      accepted,
      { ...refused, ...outOfRange },
      {
        key,
        kind: 'reading-refused',
        code: 'reading.all-refused',
        detail: `${outOfRange.code} ${outOfRange.detail}`,
      },
      accepted,
      { ...refused, code: 'signal.unknown', detail: 'bogus' },
      expect.objectContaining({ kind: 'reading-refused', code: 'payload.not-json' }),
      { ...accepted, detail: 'event' },
    ]);
  });

  test('a device nobody has registered hears of it all the same', async () => {
    const events = tapOf('acme.p9');
    const { clock, send } = setUp({ events });
    send(good, { deviceId: 'p9', device: 'reading.unknown-device' });
    await clock.advanceAsync(20);
    expect(events.noted).toMatchObject([
      { key: 'acme.p9', kind: 'reading-refused', code: 'reading.unknown-device' },
    ]);
  });

  test('a message that was turned away is told at once, with the reason', () => {
    const events = tapOf('acme.p1');
    const { outcomes, pipeline, send } = setUp({ events });
    send(good, { bestEffort: true, excess: true });
    const topic = 'onramp/v1/acme/p1/telemetry';
    const code = 'publish.in-flight-exceeded';
    expect(events.noted).toEqual([{ key: 'acme.p1', kind: 'refused', code, detail: topic }]);
    expect(outcomes).toEqual([[0, 'dropped']]);
    expect(pipeline.counters).toMatchObject({ received: 1, dropped: 1 });
  });
});

test('a message turned away before it was submitted is counted like any other', () => {
  const { clock, outcomes, pipeline } = setUp();
  const message = (bestEffort: boolean): SourceMessage => ({
    enterprise: 'acme',
    deviceId: 'p1',
    device,
    channel: 'telemetry',
    topic: 'onramp/v1/acme/p1/telemetry',
    content: Buffer.from(good),
    bestEffort,
    excess: false,
    ackWaitMs: 20_000,
    arrivedAtMs: clock.monotonicMs(),
    settle: (outcome) => outcomes.push([0, outcome]),
  });
  pipeline.turnAway(message(true), 'enterprise.rate-exceeded');
  pipeline.turnAway(message(false), 'enterprise.rate-exceeded');
  expect(outcomes).toEqual([
    [0, 'dropped'],
    [0, { withheld: 'enterprise.rate-exceeded' }],
  ]);
  expect(pipeline.counters).toMatchObject({ received: 2, dropped: 1, withheld: 1 });
});
