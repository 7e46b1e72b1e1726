/** Who may use which topic: pure rules, checked for whatever principals and topics there may be. */

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Principal } from '../../broker/access.ts';
import { nativePermissions } from '../../broker/topic-permissions.ts';

const { mayLeaveWill, maySubscribe, mayPublish } = nativePermissions;

// Few names, so that they meet; some that the rules must not be taken in by.
const name = fc.constantFrom('acme', 'rival', 'press-1', 'press-2', 'claim', 'provision', 'a');
const principal: fc.Arbitrary<Principal> = fc.record({
  kind: fc.constantFrom('device', 'gateway', 'claim', 'open'),
  enterprise: name,
  subject: name,
  claim: fc.option(name, { nil: undefined }),
});
const level = fc.oneof(
  name,
  fc.constantFrom('onramp', 'v1', 'telemetry', 'event', 'command', 'reply', 'request', 'response'),
  fc.constantFrom('', '#', '+', '$SYS', '$share', 'press-1+', '+press-1', '\u0000', 'ACME', '..'),
);
const topic = fc.oneof(
  fc.array(level, { maxLength: 8 }).map((levels) => levels.join('/')),
  fc.array(level, { maxLength: 5 }).map((levels) => ['onramp', 'v1', ...levels].join('/')),
  fc
    .tuple(name, name, fc.constantFrom('telemetry', 'event', 'command', 'command/reply'))
    .map(([enterprise, device, channel]) => `onramp/v1/${enterprise}/${device}/${channel}`),
  fc
    .tuple(name, name, fc.constantFrom('request', 'response', '+', '#'))
    .map(
      ([enterprise, serial, channel]) => `onramp/v1/${enterprise}/provision/${serial}/${channel}`,
    ),
);
const rules = [mayPublish, maySubscribe, mayLeaveWill];

describe('whatever is allowed', () => {
  const allowed = (check: (principal: Principal, topic: string) => void): void => {
    let seen = 0;
    fc.assert(
      fc.property(principal, topic, (who, what) => {
        if (!rules.some((may) => may(who, what))) return;
        seen++;
        check(who, what);
      }),
      { numRuns: 20_000 },
    );
    // A rule that allows nothing would pass everything below.
    expect(seen).toBeGreaterThan(20);
  };

  test('lies under onramp/v1 and in the own enterprise, without wildcards', () => {
    allowed((who, what) => {
      const [onramp, version, enterprise] = what.split('/');
      expect([onramp, version, enterprise]).toEqual(['onramp', 'v1', who.enterprise]);
      expect(what).not.toMatch(/[#+$\0]/);
    });
  });

  test('is, for a device, its own name', () => {
    allowed((who, what) => {
      if (who.kind === 'device') expect(what.split('/')[3]).toBe(who.subject);
    });
  });

  test('is, for a claim, the provisioning of its own serial, and for nobody else', () => {
    allowed((who, what) => {
      const [, , , fixed, serial] = what.split('/');
      expect(fixed === 'provision').toBe(who.kind === 'claim');
      if (who.kind === 'claim') expect(serial).toBe(who.subject);
    });
  });

  test('is either published or subscribed to, never both', () => {
    allowed((who, what) => {
      expect(mayPublish(who, what) && maySubscribe(who, what)).toBe(false);
    });
  });
});

describe('a claim session', () => {
  const claim: Principal = { kind: 'claim', enterprise: 'acme', subject: 'sn-1', claim: 'batch' };

  test('asks, and hears its answer', () => {
    expect(mayPublish(claim, 'onramp/v1/acme/provision/sn-1/request')).toBe(true);
    expect(maySubscribe(claim, 'onramp/v1/acme/provision/sn-1/response')).toBe(true);
  });

  test.each([
    'onramp/v1/acme/provision/sn-2/request',
    'onramp/v1/rival/provision/sn-1/request',
    'onramp/v1/acme/provision/sn-1/response',
    'onramp/v1/acme/sn-1/telemetry',
    'onramp/v1/acme/sn-1/event',
  ])('publishes nothing on %s', (what) => expect(mayPublish(claim, what)).toBe(false));

  test.each([
    'onramp/v1/acme/provision/sn-2/response',
    'onramp/v1/acme/provision/+/response',
    'onramp/v1/acme/provision/#',
    'onramp/v1/acme/provision/sn-1/request',
    'onramp/v1/acme/sn-1/command',
    '$SYS/#',
    '#',
  ])('hears nothing of %s', (what) => expect(maySubscribe(claim, what)).toBe(false));

  test('leaves no will, not even on its own topic', () => {
    fc.assert(fc.property(topic, (what) => !mayLeaveWill(claim, what)));
    expect(mayLeaveWill(claim, 'onramp/v1/acme/provision/sn-1/request')).toBe(false);
  });
});
