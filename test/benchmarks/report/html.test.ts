/** Nothing that is put into a template can become markup. */

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { embeddedJson, Html, html } from '../../../benchmarks/report/html.ts';
import { printable } from '../../../model/printable.ts';

const hostile = fc
  .string({ unit: 'grapheme', maxLength: 80 })
  .chain((text) =>
    fc.constantFrom(
      text,
      `</script>${text}<script>`,
      `"'><img src=x onerror=${text}>`,
      `&lt;${text}`,
    ),
  );

test('whatever text is put in, no markup and no end of an attribute comes out', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const { markup } = html`${text}`;
      expect(markup).not.toMatch(/[<>"']/);
      expect(markup).not.toMatch(/&(?!(amp|lt|gt|quot|#39);)/);
    }),
  );
});

test('text reads as it was', () => {
  const meant = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&#39;': "'" };
  fc.assert(
    fc.property(hostile, (text) => {
      const read = html`${text}`.markup.replace(
        /&[a-z0-9#]+;/g,
        (entity) => meant[entity as keyof typeof meant],
      );
      expect(read).toBe(printable(text));
    }),
  );
});

test('what would turn the direction of writing does not', () => {
  expect(html`${'a\u202eb\nc'}`.markup).toBe('a b c');
});

test('markup stands as it is, lists follow each other, null is nothing', () => {
  expect(html`<p>${[new Html('<b>1</b>'), '<', null, 2]}</p>`.markup).toBe('<p><b>1</b>&lt;2</p>');
});

test('a very long text is cut', () => {
  expect(html`${'x'.repeat(1_000_000)}`.markup.length).toBeLessThan(1000);
});

test('embedded JSON reads as what it was, and cannot end its element', () => {
  fc.assert(
    fc.property(fc.jsonValue(), hostile, (value, text) => {
      const { markup } = embeddedJson({ value, text });
      expect(markup).not.toMatch(/[<&]/);
      expect(JSON.parse(markup)).toEqual(JSON.parse(JSON.stringify({ value, text })));
    }),
  );
});
