import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nothingShipped } from '../../../gateway/shipping/feed.ts';
import { Totals } from '../../../gateway/shipping/totals.ts';
import { temporaryFolder } from '../../helpers/temporary-folder.ts';

const shipped = { ...nothingShipped(), stored: 5 };

test('a generation is counted once, and remembered until its folder is gone', () => {
  const path = join(temporaryFolder(), 'shipped.json');
  const totals = new Totals(path);
  totals.fold('w0', shipped);
  totals.fold('w0', shipped);
  const again = new Totals(path);
  expect(again.has('w0')).toBe(true);
  expect(again.shipped.stored).toBe(5);
});

test('what could not be written is not counted in memory either', () => {
  const path = join(temporaryFolder(), 'shipped.json');
  const totals = new Totals(path);
  // The temporary file cannot be made: a folder has its name.
  mkdirSync(`${path}.new`);
  expect(() => totals.fold('w0', shipped)).toThrow();
  expect(totals.has('w0')).toBe(false);
  expect(totals.shipped.stored).toBe(0);
  rmdirSync(`${path}.new`);
  totals.fold('w0', shipped);
  expect(new Totals(path).shipped.stored).toBe(5);
});

test.each(['', '{', '[]', '{"stored": 3}'])(
  'a file that is none (%j) does not keep the gateway from starting',
  (text) => {
    const path = join(temporaryFolder(), 'shipped.json');
    writeFileSync(path, text);
    expect(new Totals(path).shipped.stored).toBe(0);
  },
);
