/** Documents written piece by piece: whatever is in them, they read back. */

import { text } from 'node:stream/consumers';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { csvStream, jsonStream } from '../../../gateway/api/streaming.ts';

const runs = { numRuns: 100 };
/** Text that programs choke on is more likely than among all text. */
const cell = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .tuple(fc.constantFrom('=', '+', '-', '@', '\t', '\r', '"', ',', '\n'), fc.string())
    .map(([first, rest]) => first + rest),
);
const formula = /^[=+\-@\t\r]/;

it('a CSV reads back, and no text in it begins as a formula', async () => {
  const tables = fc
    .integer({ min: 2, max: 4 })
    .chain((width) =>
      fc.array(fc.array(cell, { minLength: width, maxLength: width }), { maxLength: 8 }),
    );
  await fc.assert(
    fc.asyncProperty(tables, async (rows) => {
      const heading = (rows[0] ?? ['a', 'b']).map((_, i) => `column${i}`);
      const [, ...read] = parse(await text(csvStream(heading, rows))) as string[][];
      expect(read).toHaveLength(rows.length);
      for (const [i, row] of rows.entries()) {
        for (const [j, given] of row.entries()) {
          const found = read[i]![j]!;
          expect(found).not.toMatch(formula);
          expect([given, `'${given}`]).toContain(found);
          if (formula.test(given)) expect(found).toBe(`'${given}`);
        }
      }
    }),
    runs,
  );
});

it('numbers and truth values stay what they are', async () => {
  const document = await text(csvStream(['a'], [[-1.5, 0, 1e21, true, false, null, undefined]]));
  expect(document).toBe('a\n-1.5,0,1e+21,true,false,,\n');
});

it('JSON reads back, however many rows there are', async () => {
  const rows = fc.array(fc.jsonValue(), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(rows, async (given) => {
      const read = JSON.parse(await text(jsonStream('{"rows":', given, '}')));
      expect(read).toEqual(JSON.parse(JSON.stringify({ rows: given })));
    }),
    runs,
  );
  const many = Array.from({ length: 1501 }, (_, i) => i);
  expect(JSON.parse(await text(jsonStream('', many, '')))).toEqual(many);
});
