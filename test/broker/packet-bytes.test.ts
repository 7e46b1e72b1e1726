/** Packets are recognised as the parser of mqtt-packet understands them. */

import fc from 'fast-check';
import mqtt, { type IPublishPacket, type Packet } from 'mqtt-packet';
import { describe, expect, test } from 'vitest';
import {
  incomplete,
  malformed,
  packetLength,
  publishParts,
  sameText,
} from '../../broker/packet-bytes.ts';
import { publishPacket } from '../helpers/raw-mqtt.ts';

const publish = fc
  .record({
    topic: fc.string({ minLength: 1, maxLength: 40, unit: 'grapheme' }),
    payload: fc.uint8Array({ maxLength: 20_000 }),
    qos: fc.constantFrom(0, 1, 2),
    messageId: fc.integer({ min: 1, max: 65_535 }),
    retain: fc.boolean(),
    dup: fc.boolean(),
  })
  .map(({ payload, topic, qos, dup, ...rest }) =>
    publishPacket(topic, Buffer.from(payload), {
      ...rest,
      qos: qos as 0 | 1 | 2,
      dup: dup && qos > 0,
    }),
  );

describe('the length of a packet', () => {
  test('is known from its header on, wherever it begins', () => {
    fc.assert(
      fc.property(publish, fc.nat({ max: 9 }), (packet, before) => {
        const bytes = mqtt.generate(packet);
        const shifted = Buffer.concat([Buffer.alloc(before), bytes]);
        expect(packetLength(shifted, before)).toBe(bytes.length);
        const header = bytes.length < 130 ? 2 : bytes.length < 16_387 ? 3 : 4;
        expect(packetLength(bytes.subarray(0, header), 0)).toBe(bytes.length);
        expect(packetLength(bytes.subarray(0, header - 1), 0)).toBe(incomplete);
      }),
    );
  });

  test('has four bytes at most', () => {
    expect(packetLength(Buffer.from([0x30, 0xff, 0xff, 0xff, 0x7f]), 0)).toBe(268_435_455 + 5);
    expect(packetLength(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff]), 0)).toBe(malformed);
  });
});

describe('the parts of a publish', () => {
  test('are those that mqtt-packet finds; QoS 2 and retained ones are none', () => {
    fc.assert(
      fc.property(publish, (packet) => {
        const bytes = mqtt.generate(packet);
        const parts = publishParts(bytes, 0, bytes.length);
        if (packet.qos === 2 || packet.retain) {
          expect(parts).toBeNull();
          return;
        }
        const parsed = parsedAlone(bytes) as IPublishPacket;
        expect(parts?.qos).toBe(parsed.qos);
        expect(parts?.messageId).toBe(parsed.messageId ?? 0);
        expect(bytes.toString('utf8', parts?.topicBegin, parts?.topicEnd)).toBe(parsed.topic);
        expect(bytes.subarray(parts?.payloadBegin)).toEqual(parsed.payload);
      }),
    );
  });

  test('are none in a packet cut short, whatever it says', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 2, maxLength: 40 }), (body) => {
        const bytes = Buffer.from([0x32, body.length, ...body]);
        const parts = publishParts(bytes, 0, bytes.length);
        if (parts === null) return;
        expect(parts.topicEnd).toBeGreaterThan(parts.topicBegin);
        expect(parts.payloadBegin).toBe(parts.topicEnd + 2);
        expect(parts.payloadBegin).toBeLessThanOrEqual(bytes.length);
        expect(parts.messageId).toBeGreaterThan(0);
      }),
    );
  });

  test('are none at QoS 0 with DUP, which is a breach [MQTT-3.3.1-2]', () => {
    const bytes = mqtt.generate(publishPacket('a', 'b', { qos: 0 }));
    bytes[0] = 0x38;
    expect(publishParts(bytes, 0, bytes.length)).toBeNull();
  });
});

test('text is compared byte by byte', () => {
  const bytes = Buffer.from('…/abc/…');
  const begin = Buffer.byteLength('…/');
  expect(sameText(bytes, begin, begin + 3, 'abc')).toBe(true);
  expect(sameText(bytes, begin, begin + 3, 'abd')).toBe(false);
  expect(sameText(bytes, begin, begin + 2, 'abc')).toBe(false);
  expect(sameText(Buffer.from('ä'), 0, 2, 'ä')).toBe(false);
});

function parsedAlone(bytes: Buffer): Packet | undefined {
  const parser = mqtt.parser({ protocolVersion: 4 });
  let found: Packet | undefined;
  parser.on('packet', (packet) => {
    found = packet;
  });
  parser.parse(bytes);
  return found;
}
