import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type ServerEvent, serverEvents } from '../../dashboards/live/event-stream.ts';

/** The bytes of `text` as a body that arrives in pieces of the given lengths, over and over. */
function body(text: string, lengths: readonly number[]): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text);
  let at = 0;
  let turn = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) return controller.close();
      const length = lengths[turn++ % lengths.length]!;
      controller.enqueue(bytes.slice(at, at + length));
      at += length;
    },
  });
}

async function read(text: string, lengths: readonly number[] = [1024]): Promise<ServerEvent[]> {
  const events: ServerEvent[] = [];
  for await (const event of serverEvents(body(text, lengths))) events.push(event);
  return events;
}

test('events, comments, fields of several lines and either line end', async () => {
  const text =
    'retry: 2000\n\n: heartbeat\n\nevent: snapshot\ndata: {"a":1}\n\n' +
    'data:one\r\ndata: two\r\n\r\nevent: empty\n\ndata: cut off';
  expect(await read(text)).toEqual([
    { type: 'snapshot', data: '{"a":1}' },
    { type: 'message', data: 'one\ntwo' },
  ]);
});

test('it does not matter how the bytes arrive', async () => {
  const line = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n\0]/g, ' '));
  await fc.assert(
    fc.asyncProperty(
      fc.array(line, { minLength: 1, maxLength: 5 }),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
      async (data, lengths) => {
        const text = data.map((value) => `event: snapshot\ndata: ${value}\n\n`).join('');
        const expected = data.map((value) => ({ type: 'snapshot', data: value }));
        expect(await read(text, lengths)).toEqual(expected);
      },
    ),
    { numRuns: 60 },
  );
});

test('an event without end is given up', async () => {
  await expect(read(`data: ${'x'.repeat(1_100_000)}`, [64 * 1024])).rejects.toThrow(RangeError);
  await expect(read('data: x\n'.repeat(200_000), [64 * 1024])).rejects.toThrow(RangeError);
});
