import { expect, it } from 'vitest';
import { printable } from '../../model/printable.ts';

it('leaves nothing that controls a terminal, forges a line or turns the direction of writing', () => {
  expect(printable('a\u001b[31mb\r\nc\u0085d\u2028e\u202ef\u2066g\u200fh')).toBe(
    'a [31mb  c d e f g h',
  );
  expect(printable('10 kV 变压器 №7 — ±5 °C')).toBe('10 kV 变压器 №7 — ±5 °C');
});
