import fc from 'fast-check';
import mqtt, { type IPublishPacket, type Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import {
  disconnectRequest,
  markDuplicate,
  pingRequest,
  publishFrame,
  topicField,
} from '../../../simulator/client/frames.ts';
import {
  type FrameHandler,
  ProtocolError,
  readFrames,
} from '../../../simulator/client/incoming.ts';

/** What an independent implementation reads in `frame`. */
function parse(frame: Uint8Array): Packet[] {
  const packets: Packet[] = [];
  const parser = mqtt.parser({ protocolVersion: 4 });
  parser.on('packet', (packet: Packet) => packets.push(packet));
  parser.parse(Buffer.from(frame));
  return packets;
}

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 300 });
const topic = text.filter((each) => !/[#+\0]/.test(each));

describe('publishFrame', () => {
  it('is the very frame that mqtt-packet writes', () => {
    fc.assert(
      fc.property(
        topic,
        text,
        fc.constantFrom<0 | 1>(0, 1),
        fc.integer({ min: 1, max: 0xffff }),
        fc.boolean(),
        (name, payload, qos, messageId, dup) => {
          const frame = publishFrame(topicField(name), payload, qos, messageId);
          if (dup) markDuplicate(frame);
          const expected: IPublishPacket = {
            cmd: 'publish',
            topic: name,
            payload,
            qos,
            dup,
            retain: false,
            ...(qos === 1 && { messageId }),
          };
          expect(frame.equals(mqtt.generate(expected))).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it.each([0, 1, 100, 127, 128, 16_000, 16_383, 16_384, 2_097_151, 2_097_152])(
    'has the right length field around %i bytes',
    (length) => {
      for (const near of [length, length + 10]) {
        const [packet] = parse(publishFrame(topicField('t'), 'x'.repeat(near), 1, 7));
        expect((packet as IPublishPacket).payload.length).toBe(near);
      }
    },
  );

  it('beside it: PINGREQ and DISCONNECT', () => {
    expect(parse(pingRequest)[0]!.cmd).toBe('pingreq');
    expect(parse(disconnectRequest)[0]!.cmd).toBe('disconnect');
  });
});

/** Writes down what it is told. */
function recorder() {
  const handler: FrameHandler<string[]> = {
    connack: (events, returnCode) => events.push(`connack ${returnCode}`),
    puback: (events, packetId) => events.push(`puback ${packetId}`),
    pingresp: (events) => events.push('pingresp'),
    packet: (events, packet) =>
      events.push(packet.cmd === 'publish' ? `publish ${packet.payload}` : packet.cmd),
  };
  const events: string[] = [];
  const read = (bytes: Uint8Array) => readFrames(bytes, bytes.length, handler, events);
  return { events, read };
}

const serverPacket: fc.Arbitrary<[Buffer, string]> = fc.oneof(
  fc
    .integer({ min: 0, max: 5 })
    .map((returnCode): [Buffer, string] => [
      mqtt.generate({ cmd: 'connack', returnCode, sessionPresent: false }),
      `connack ${returnCode}`,
    ]),
  fc
    .integer({ min: 1, max: 0xffff })
    .map((messageId): [Buffer, string] => [
      mqtt.generate({ cmd: 'puback', messageId }),
      `puback ${messageId}`,
    ]),
  fc.constant<[Buffer, string]>([mqtt.generate({ cmd: 'pingresp' }), 'pingresp']),
  fc
    .string({ minLength: 1, maxLength: 500 })
    .map((payload): [Buffer, string] => [
      mqtt.generate({ cmd: 'publish', topic: 'a/b', payload, qos: 0, dup: false, retain: false }),
      `publish ${payload}`,
    ]),
  fc.constant<[Buffer, string]>([
    mqtt.generate({ cmd: 'suback', messageId: 3, granted: [1] }),
    'suback',
  ]),
);

describe('readFrames', () => {
  it('reads every frame, wherever the stream is cut', () => {
    const cuts = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fc.array(serverPacket, { maxLength: 20 }), cuts, (packets, sizes) => {
        const stream = Buffer.concat(packets.map(([frame]) => frame));
        const { events, read } = recorder();
        let rest = Buffer.alloc(0);
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length]!;
          const bytes = Buffer.concat([rest, stream.subarray(at, at + size)]);
          rest = bytes.subarray(read(bytes));
          at += size;
        }
        expect(rest.length).toBe(0);
        expect(events).toEqual(packets.map(([, event]) => event));
      }),
      { numRuns: 200 },
    );
  });

  it('never does anything but read frames or refuse the stream, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const { read } = recorder();
        try {
          const rest = read(bytes);
          expect(rest).toBeGreaterThanOrEqual(0);
          expect(rest).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(ProtocolError);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['a length of five bytes', [0x30, 0xff, 0xff, 0xff, 0xff, 0x01]],
    ['a frame longer than accepted', [0x30, 0xff, 0xff, 0xff, 0x7f]],
    ['a packet type that does not exist', [0x00, 0x00]],
  ])('refuses %s', (_, bytes) => {
    const { read } = recorder();
    expect(() => read(Uint8Array.from(bytes))).toThrow(ProtocolError);
  });
});
