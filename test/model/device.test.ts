import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type DeviceLife,
  type DeviceState,
  deviceStates,
  isOnBoard,
  type LifeEvent,
  lifeEvents,
  mayConnect,
  newLife,
  transition,
  wordOf,
} from '../../model/device.ts';

const event = fc.constantFrom(...lifeEvents);
const state = fc.constantFrom(...deviceStates);

/** Lives as they can be: `suspendedFrom` is set exactly in `suspended`. */
const life: fc.Arbitrary<DeviceLife> = fc.oneof(
  state
    .filter((each) => each !== 'suspended')
    .map((each): DeviceLife => ({ state: each, suspendedFrom: null })),
  state
    .filter((each) => transition({ state: each, suspendedFrom: null }, 'suspend') !== null)
    .map((each): DeviceLife => ({ state: 'suspended', suspendedFrom: each })),
);

/** Which events change anything in a state. */
function exits(from: DeviceState): LifeEvent[] {
  const suspendedFrom = from === 'suspended' ? 'active' : null;
  return lifeEvents.filter((each) => transition({ state: from, suspendedFrom }, each) !== null);
}

/** The states on the way of `events`, those that are not allowed left out. */
function walk(...events: LifeEvent[]): DeviceState[] {
  let at: DeviceLife = newLife;
  return events.flatMap((each) => {
    const next = transition(at, each);
    at = next ?? at;
    return next === null ? [] : at.state;
  });
}

describe('a life', () => {
  it('goes from registration or a claim to active, and back when the device is silent', () => {
    expect(walk('connect', 'store', 'silence', 'store')).toEqual([
      'connected',
      'active',
      'inactive',
      'active',
    ]);
    expect(walk('claim', 'issue', 'connect', 'store')).toEqual([
      'claiming',
      'provisioned',
      'connected',
      'active',
    ]);
  });

  it('claims again until the credential was used, and not after that', () => {
    expect(walk('claim', 'issue', 'claim', 'issue', 'connect', 'claim')).toEqual([
      'claiming',
      'provisioned',
      'claiming',
      'provisioned',
      'connected',
    ]);
    expect(walk('claim', 'reject', 'claim', 'issue', 'expire', 'claim')).toEqual([
      'claiming',
      'rejected',
      'claiming',
      'provisioned',
      'expired',
      'claiming',
    ]);
  });

  it('activates by a row, also when the row is seen before the connection', () => {
    expect(walk('store', 'connect')).toEqual(['active']);
  });

  it('has an answer for every event in every state, and never leaves the table', () => {
    fc.assert(
      fc.property(life, event, (from, what) => {
        const to = transition(from, what);
        if (to === null) return;
        expect(deviceStates).toContain(to.state);
        expect(to).not.toEqual(from);
      }),
    );
  });

  it('knows where it was suspended from exactly while it is suspended, however it got there', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let at: DeviceLife = newLife;
        for (const each of events) {
          at = transition(at, each) ?? at;
          expect(deviceStates).toContain(at.state);
          expect(at.suspendedFrom !== null).toBe(at.state === 'suspended');
          expect(at.suspendedFrom).not.toBe('suspended');
        }
      }),
    );
  });

  it('reaches every state from a registration', () => {
    const reached = new Set<DeviceState>([newLife.state]);
    const open: DeviceLife[] = [newLife];
    for (let from = open.pop(); from !== undefined; from = open.pop()) {
      for (const each of lifeEvents) {
        const to = transition(from, each);
        if (to === null || reached.has(to.state)) continue;
        reached.add(to.state);
        open.push(to);
      }
    }
    expect([...reached].sort()).toEqual([...deviceStates].sort());
  });
});

describe('being shut out', () => {
  it('ends only by a new registration when it is for good', () => {
    expect(exits('revoked')).toEqual(['register']);
    expect(exits('decommissioned')).toEqual(['register']);
  });

  it('ends by being resumed, revoked or decommissioned when it is a suspension', () => {
    expect(exits('suspended')).toEqual(['resume', 'revoke', 'decommission']);
  });

  it('is possible from every state that is not shut out already', () => {
    for (const each of deviceStates) {
      const out = ['suspended', 'revoked', 'decommissioned'].includes(each);
      expect(exits(each).includes('suspend')).toBe(!out);
      expect(exits(each).includes('revoke')).toBe(!out || each === 'suspended');
    }
  });

  it('never makes a device active by resuming it: only a row does', () => {
    fc.assert(
      fc.property(life, (from) => {
        const to = transition(from, 'resume');
        expect(to === null).toBe(from.state !== 'suspended');
        if (to !== null) expect(['active', 'claiming', 'suspended']).not.toContain(to.state);
      }),
    );
    expect(walk('connect', 'store', 'suspend', 'resume')).toEqual([
      'connected',
      'active',
      'suspended',
      'inactive',
    ]);
    expect(walk('claim', 'suspend', 'resume').at(-1)).toBe('registered');
    expect(walk('claim', 'issue', 'suspend', 'resume').at(-1)).toBe('provisioned');
  });

  it('keeps sessions and readings out', () => {
    for (const each of deviceStates) {
      if (wordOf(each) === 'blocked') expect(mayConnect(each)).toBe(false);
    }
    expect(deviceStates.filter((each) => !mayConnect(each))).toEqual([
      'claiming',
      'suspended',
      'revoked',
      'rejected',
      'expired',
      'decommissioned',
    ]);
  });

  it('keeps a suspended device on board, and nobody whose identity is void', () => {
    expect(deviceStates.filter((each) => !isOnBoard(each))).toEqual([
      'revoked',
      'rejected',
      'expired',
      'decommissioned',
    ]);
  });
});

it('shows every state as one of four words', () => {
  const words = Map.groupBy(deviceStates, wordOf);
  expect(Object.fromEntries(words)).toEqual({
    registered: ['registered', 'expired'],
    connecting: ['claiming', 'provisioned', 'connected'],
    active: ['active', 'inactive'],
    blocked: ['suspended', 'revoked', 'rejected', 'decommissioned'],
  });
});
