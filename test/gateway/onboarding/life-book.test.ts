/**
 * Injected: any order of registrations, moves, sessions, rows, changes and the passing of time.
 * Must hold: the counts kept on the way are those counted from scratch, and lie in one another.
 */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type DueEvent, type KnownLife, LifeBook } from '../../../gateway/onboarding/life-book.ts';
import type { NestedCounts, PlaceCounts } from '../../../gateway/onboarding/onboarding.ts';
import type { LifeOutcome } from '../../../gateway/registry/lives.ts';
import {
  type DeviceLife,
  type DeviceState,
  isOnBoard,
  type LifeEvent,
  lifeEvents,
  newLife,
  transition,
} from '../../../model/device.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** A book over a registry in memory, which answers at once. */
class World {
  readonly clock = new VirtualClock();
  readonly registry = new Map<string, KnownLife & { life: DeviceLife }>();
  readonly due: [string, DueEvent][] = [];
  readonly noted: string[] = [];
  readonly unknown: string[] = [];
  readonly unwelcome: [string, DeviceState][] = [];
  /** `{key} {state}`, or `{key} first row`. */
  readonly told: string[] = [];
  readonly book = new LifeBook({
    clock: this.clock,
    inactiveAfterMs: 15 * minuteMs,
    onDue: (key, event) => this.due.push([key, event]),
    onRow: (key) => this.noted.push(key),
    onUnknown: (key) => this.unknown.push(key),
    onUnwelcome: (key, state) => this.unwelcome.push([key, state]),
    onState: (key, state) => this.told.push(`${key} ${state}`),
    onFirstRow: (key) => this.told.push(`${key} first row`),
  });

  put(device: string, more: Partial<KnownLife> = {}): void {
    const [enterprise = '', id = ''] = device.split('.');
    const before = this.registry.get(device);
    const known: KnownLife = {
      enterprise,
      device: id,
      kind: 'device',
      profile: 'press',
      district: 'wujin',
      industry: '34',
      gateway: null,
      state: 'registered',
      activatedAtMs: null,
      lastRowAtMs: null,
      production: true,
      ...before,
      ...more,
    };
    const life = before?.life ?? { ...newLife, state: known.state };
    this.registry.set(device, { ...known, life });
    this.book.put(known);
  }

  /** What the registry does, and the book hears of. */
  change(device: string, event: LifeEvent): boolean {
    const known = this.registry.get(device);
    const life = known && transition(known.life, event);
    if (!known || !life) return false;
    const atMs = this.clock.nowMs();
    const stored = event === 'store';
    this.registry.set(device, {
      ...known,
      life,
      state: life.state,
      activatedAtMs: stored ? (known.activatedAtMs ?? atMs) : known.activatedAtMs,
      lastRowAtMs: stored ? atMs : known.lastRowAtMs,
    });
    const { enterprise, device: id, life: before } = known;
    const outcome: LifeOutcome = {
      enterprise,
      device: id,
      event,
      atMs,
      cause: '',
      actor: '',
      from: before.state,
      to: life.state,
    };
    this.book.apply(outcome);
    return true;
  }

  /** Lets the registry answer everything that is due. */
  settle(): void {
    for (const key of this.unknown.splice(0)) if (this.registry.has(key)) this.put(key);
    for (const [key, event] of this.due.splice(0)) this.change(key, event);
  }
}

const none = { registered: 0, activated: 0, connected: 0, online: 0 };
const nested = (registered: number, activated: number, connected: number, online: number) => ({
  registered,
  activated,
  connected,
  online,
});

describe('the way of one device', () => {
  test('registered, let in, first row, a day of silence', () => {
    const w = new World();
    w.put('acme.d1');
    const production = () => w.book.counts().city.production;
    expect(production()).toEqual(nested(1, 0, 0, 0));
    w.book.session('acme.d1', true);
    expect(w.due).toEqual([['acme.d1', 'connect']]);
    w.settle();
    expect(w.book.stateOf('acme.d1')).toBe('connected');
    expect(production()).toEqual(nested(1, 0, 0, 0));
    w.book.rowsStored(['acme.d1']);
    expect(w.due).toEqual([['acme.d1', 'store']]);
    w.settle();
    expect(production()).toEqual(nested(1, 1, 1, 1));
    w.book.session('acme.d1', false);
    expect(production()).toEqual(nested(1, 1, 1, 0));
    w.clock.advance(dayMs);
    w.book.sweep();
    expect(production()).toEqual(nested(1, 1, 0, 0));
    w.settle();
    expect(w.book.stateOf('acme.d1')).toBe('inactive');
    w.book.rowsStored(['acme.d1']);
    w.settle();
    expect(w.book.stateOf('acme.d1')).toBe('active');
    expect(w.book.countsOf('acme').enterprises).toEqual(nested(1, 1, 1, 0));
    expect(w.book.countsOf('nobody').production).toEqual(none);
  });

  test('a session or a row before it is known waits until it is read', () => {
    const w = new World();
    w.book.session('acme.d1', true);
    w.book.rowsStored(['acme.d1']);
    expect(new Set(w.unknown)).toEqual(new Set(['acme.d1']));
    expect(w.book.counts().city.production).toEqual(none);
    expect(w.book.isOnline('acme.d1')).toBe(true);
    w.put('acme.d1');
    expect(w.due).toEqual([
      ['acme.d1', 'connect'],
      ['acme.d1', 'store'],
    ]);
    w.settle();
    expect(w.book.counts().city.production).toEqual(nested(1, 1, 1, 1));
  });

  test('one that must have no session and has one is named', () => {
    const w = new World();
    w.put('acme.d1', { state: 'suspended' });
    w.book.session('acme.d1', true);
    expect(w.unwelcome).toEqual([['acme.d1', 'suspended']]);
  });
});

describe('a gateway', () => {
  test('is no device; its session puts its devices online, their rows tell of it', () => {
    const w = new World();
    w.put('acme.d1', { gateway: 'gw' });
    w.put('acme.gw', { kind: 'gateway' });
    w.put('acme.d2', { gateway: 'gw' });
    w.book.rowsStored(['acme.d1', 'acme.d2']);
    w.settle();
    expect(w.book.stateOf('acme.gw')).toBe('active');
    expect(w.book.counts().city.production).toEqual(nested(2, 2, 2, 0));
    w.book.session('acme.gw', true);
    expect(w.book.counts().city.production).toEqual(nested(2, 2, 2, 2));
    expect(w.book.isOnline('acme.d1')).toBe(true);
    w.put('acme.d1', { gateway: null });
    expect(w.book.counts().city.production).toEqual(nested(2, 2, 2, 1));
    w.book.session('acme.gw', false);
    expect(w.book.counts().city.production).toEqual(nested(2, 2, 2, 0));
  });
});

describe('silence', () => {
  test('is due after the patience, not while rows come, not before anything could be heard', () => {
    const w = new World();
    w.put('acme.old', { state: 'active', activatedAtMs: 1, lastRowAtMs: 1 });
    w.book.sweep();
    expect(w.due).toEqual([]);
    w.clock.advance(14 * minuteMs);
    w.put('acme.new', { state: 'active', activatedAtMs: 1, lastRowAtMs: w.clock.nowMs() });
    w.clock.advance(minuteMs);
    w.book.sweep();
    expect(w.due.splice(0)).toEqual([['acme.old', 'silence']]);
    // The store was away: nobody could be heard.
    w.book.hearsAnew();
    w.clock.advance(14 * minuteMs);
    w.book.sweep();
    expect(w.due).toEqual([]);
    w.book.rowsStored(['acme.new']);
    w.clock.advance(minuteMs);
    w.book.sweep();
    expect(w.due).toEqual([['acme.old', 'silence']]);
  });

  test('rows of an active device are noted every ten minutes, and what is not noted is known', () => {
    const w = new World();
    w.put('acme.d1', { state: 'active', activatedAtMs: 1, lastRowAtMs: w.clock.nowMs() });
    for (let minute = 0; minute < 25; minute++) {
      w.clock.advance(minuteMs);
      w.book.rowsStored(['acme.d1']);
    }
    expect(w.noted).toHaveLength(2);
    expect([...w.book.unnoted()]).toEqual([{ key: 'acme.d1', atMs: w.clock.nowMs() }]);
  });
});

test('registered anew, a device has no rows of its life before', () => {
  const w = new World();
  const nowMs = w.clock.nowMs();
  w.put('acme.d1', { state: 'active', activatedAtMs: nowMs, lastRowAtMs: nowMs });
  w.clock.advance(minuteMs);
  w.book.rowsStored(['acme.d1']);
  expect([...w.book.unnoted()]).toEqual([{ key: 'acme.d1', atMs: w.clock.nowMs() }]);
  w.put('acme.d1', { state: 'registered', activatedAtMs: null, lastRowAtMs: null });
  expect(w.book.counts().city.production).toEqual(nested(1, 0, 0, 0));
  expect([...w.book.unnoted()]).toEqual([]);
});

describe('a state', () => {
  test('is told when it has changed, however that came, and once', () => {
    const w = new World();
    w.put('acme.d1');
    w.put('acme.d1', { district: 'xinbei' });
    expect(w.told).toEqual([]);
    w.put('acme.d1', { state: 'provisioned' });
    w.put('acme.d1');
    expect(w.told.splice(0)).toEqual(['acme.d1 provisioned']);
    w.registry.get('acme.d1')!.life = { state: 'provisioned', suspendedFrom: null };
    w.change('acme.d1', 'store');
    expect(w.told.splice(0)).toEqual(['acme.d1 first row', 'acme.d1 active']);
    w.change('acme.d1', 'silence');
    w.change('acme.d1', 'store');
    expect(w.told.splice(0)).toEqual(['acme.d1 inactive', 'acme.d1 active']);
  });

  test('of a device that is not known yet is told by what happened to it', () => {
    const w = new World();
    const at = { enterprise: 'acme', device: 'd9', atMs: 1, cause: '', actor: '' };
    w.book.apply({ ...at, event: 'store', from: 'connected', to: 'active' });
    expect(w.told).toEqual(['acme.d9 first row', 'acme.d9 active']);
    expect(w.unknown).toEqual(['acme.d9']);
  });
});

const devices = ['a.d0', 'a.d1', 'a.d2', 'b.d0', 'b.d1'];
const gateways = ['a.gw', 'b.gw'];

/** Counted from scratch out of what the registry and the test know. */
function countAll(w: World, online: ReadonlySet<string>, rows: ReadonlyMap<string, number>) {
  const counted = { production: { ...none }, other: { ...none } };
  const seen = {
    registered: new Set(),
    activated: new Set(),
    connected: new Set(),
    online: new Set(),
  };
  for (const [key, known] of w.registry) {
    if (known.kind === 'gateway' || !isOnBoard(known.life.state)) continue;
    const place = known.production ? counted.production : counted.other;
    const depth: (keyof NestedCounts)[] = ['registered'];
    if (known.activatedAtMs !== null) {
      depth.push('activated');
      const lastMs = Math.max(rows.get(key) ?? 0, known.lastRowAtMs ?? 0);
      if (lastMs > w.clock.nowMs() - dayMs) {
        depth.push('connected');
        const gateway = known.gateway === null ? '' : `${known.enterprise}.${known.gateway}`;
        if (online.has(key) || online.has(gateway)) depth.push('online');
      }
    }
    for (const each of depth) {
      (place as Record<keyof NestedCounts, number>)[each]++;
      seen[each].add(known.enterprise);
    }
  }
  const enterprises = nested(
    seen.registered.size,
    seen.activated.size,
    seen.connected.size,
    seen.online.size,
  );
  return { ...counted, enterprises };
}

function expectNested(place: PlaceCounts): void {
  for (const { registered, activated, connected, online } of Object.values(place)) {
    expect(registered).toBeGreaterThanOrEqual(activated);
    expect(activated).toBeGreaterThanOrEqual(connected);
    expect(connected).toBeGreaterThanOrEqual(online);
    expect(online).toBeGreaterThanOrEqual(0);
  }
}

test('after anything in any order the counts are those counted from scratch', () => {
  const key = fc.constantFrom(...devices, ...gateways);
  const step = fc.oneof(
    fc.record({
      do: fc.constant('put' as const),
      key,
      district: fc.constantFrom('wujin', 'xinbei'),
      industry: fc.constantFrom('34', '36'),
      gateway: fc.constantFrom(null, 'gw'),
      production: fc.boolean(),
    }),
    fc.record({ do: fc.constant('session' as const), key, up: fc.boolean() }),
    fc.record({ do: fc.constant('rows' as const), keys: fc.uniqueArray(key, { maxLength: 3 }) }),
    fc.record({ do: fc.constant('event' as const), key, event: fc.constantFrom(...lifeEvents) }),
    fc.record({
      do: fc.constant('time' as const),
      ms: fc.constantFrom(minuteMs, hourMs, dayMs / 2),
    }),
    fc.record({ do: fc.constant('settle' as const) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const w = new World();
      const online = new Set<string>();
      const rows = new Map<string, number>();
      for (const each of steps) {
        if (each.do === 'put') {
          const isGateway = gateways.includes(each.key);
          w.put(each.key, {
            kind: isGateway ? 'gateway' : 'device',
            district: each.district,
            industry: each.industry,
            production: each.production,
            gateway: isGateway ? null : each.gateway,
          });
        } else if (each.do === 'session') {
          if (online.has(each.key) !== each.up) w.book.session(each.key, each.up);
          if (each.up) online.add(each.key);
          else online.delete(each.key);
        } else if (each.do === 'rows') {
          w.book.rowsStored(each.keys);
          for (const stored of each.keys) rows.set(stored, w.clock.nowMs());
        } else if (each.do === 'event') w.change(each.key, each.event);
        else if (each.do === 'time') w.clock.advance(each.ms);
        else w.settle();
        w.book.sweep();
        const counts = w.book.counts();
        expect(counts.city).toEqual(countAll(w, online, rows));
        expectNested(counts.city);
        for (const column of ['district', 'industry'] as const) {
          const places = column === 'district' ? counts.byDistrict : counts.byIndustry;
          for (const sort of ['production', 'other'] as const) {
            const sum = Object.values(places).map((place) => place[sort].registered);
            expect(sum.reduce((a, b) => a + b, 0)).toBe(counts.city[sort].registered);
          }
          Object.values(places).forEach(expectNested);
        }
        const enterprises = ['a', 'b'].map((id) => w.book.countsOf(id));
        for (const sort of ['production', 'other', 'enterprises'] as const) {
          for (const depth of ['registered', 'activated', 'connected', 'online'] as const) {
            const sum = enterprises.reduce((total, place) => total + place[sort][depth], 0);
            expect(sum).toBe(counts.city[sort][depth]);
          }
        }
      }
    }),
    { numRuns: 300 },
  );
});
