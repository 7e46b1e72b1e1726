/** Topics and names of claim sessions: what is written is read back, and nothing else is taken for it. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { native, parseUsername } from '../../../model/dialects/native.ts';
import {
  claimCredentials,
  claimedSerial,
  parseClaimUsername,
  parseProvisioningTopic,
  provisioningTopic,
} from '../../../model/dialects/native-provisioning.ts';
import { isDirectoryId } from '../../../model/identifiers.ts';

const id = fc.stringMatching(/^[a-z0-9_-]{1,64}$/).filter(isDirectoryId);
const channel = fc.constantFrom('request' as const, 'response' as const);

test('a topic is read back as what it was made of', () => {
  fc.assert(
    fc.property(id, id, channel, (enterprise, serial, channel) => {
      const parts = { enterprise, serial, channel };
      expect(parseProvisioningTopic(provisioningTopic(parts))).toEqual(parts);
    }),
  );
});

test('no provisioning topic is a telemetry topic, and none the other way round', () => {
  const any = fc.oneof(
    fc.string(),
    fc
      .array(fc.oneof(id, fc.constantFrom('provision', 'telemetry', 'request', '+', '#', '')), {
        maxLength: 6,
      })
      .map((levels) => ['onramp', 'v1', ...levels].join('/')),
  );
  fc.assert(
    fc.property(any, (topic) => {
      expect(parseProvisioningTopic(topic) === null || native.parseTopic(topic) === null).toBe(
        true,
      );
    }),
  );
});

test.each([
  'onramp/v1/acme/provision/sn-1',
  'onramp/v1/acme/provision/sn-1/request/',
  'onramp/v1/acme/provision/sn-1/reply',
  'onramp/v1/acme/provision/+/response',
  'onramp/v1/acme/provision/#',
  'onramp/v1/acme/provision//response',
  'onramp/v1/acme/provision/SN-1/request',
  'onramp/v1/acme/provision/claim/request',
  'onramp/v1//provision/sn-1/request',
  'onramp/v2/acme/provision/sn-1/request',
  '/onramp/v1/acme/provision/sn-1/request',
  `onramp/v1/acme/provision/${'x'.repeat(65)}/request`,
])('%s is none', (topic) => expect(parseProvisioningTopic(topic)).toBeNull());

test('the names of a claim session are read back, and are no device', () => {
  fc.assert(
    fc.property(id, id, id, (enterprise, serial, claim) => {
      const { clientId, username, password } = claimCredentials(enterprise, serial, claim, 's');
      expect(password).toBe('s');
      expect(parseClaimUsername(username)).toEqual({ enterprise, claim });
      expect(claimedSerial(clientId, enterprise)).toBe(serial);
      expect(parseUsername(username)).toBeNull();
    }),
  );
});

test('a client id of one enterprise is no serial of another', () => {
  fc.assert(
    fc.property(id, id, id, (enterprise, other, serial) => {
      fc.pre(enterprise !== other);
      const { clientId } = claimCredentials(enterprise, serial, 'batch', 's');
      expect(claimedSerial(clientId, other)).toBeNull();
    }),
  );
});

test.each(['', 'acme', 'acme/claim', 'acme/claim/', 'acme/claim/a/b', '/claim/a', 'acme/press/a'])(
  'the user name "%s" is no claim',
  (username) => expect(parseClaimUsername(username)).toBeNull(),
);

test.each(['acme.claim.', 'acme.claim', 'acme.sn-1', 'acme.claim.a.b', 'acme.claim.SN', ''])(
  'the client id "%s" names no serial',
  (clientId) => expect(claimedSerial(clientId, 'acme')).toBeNull(),
);
