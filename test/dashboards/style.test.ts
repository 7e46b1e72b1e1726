/** The colours of the page against WCAG 2.2: text 4.5, shapes 3 (§1.4.3, §1.4.11). */

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const folder = join(import.meta.dirname, '../../dashboards/live');
const css = ['page.css', 'panels.css', 'onboarding.css', 'operation.css']
  .map((file) => readFileSync(join(folder, 'style', file), 'utf8'))
  .join('\n');

const colours = Object.fromEntries(
  [...css.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(([, name, colour]) => [name!, colour!]),
);
const fills = [...css.matchAll(/\[data-fill="\d"\] \{\s*background: (#[0-9a-f]{6});/g)].map(
  ([, colour]) => colour!,
);

/** Relative luminance (WCAG 2.2). */
function luminance(colour: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r! + 0.7152 * g! + 0.0722 * b!;
}

function contrast(one: string, other: string): number {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high! + 0.05) / (low! + 0.05);
}

describe('contrast', () => {
  const texts = ['text', 'secondary', 'accent', 'second-accent', 'run', 'alarm'];
  test.each(texts)('%s as text on panels and background', (name) => {
    expect(contrast(colours[name]!, colours.panel!)).toBeGreaterThanOrEqual(4.5);
    expect(contrast(colours[name]!, colours.background!)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(['idle', 'setup', 'off'])('%s as a shape on panels', (name) => {
    expect(contrast(colours[name]!, colours.panel!)).toBeGreaterThanOrEqual(3);
  });

  test('white text on every step of the map', () => {
    expect(fills).toHaveLength(5);
    for (const fill of fills) expect(contrast('#ffffff', fill)).toBeGreaterThanOrEqual(4.5);
  });

  test('the steps of the map grow brighter', () => {
    const bright = fills.map(luminance);
    expect(bright).toEqual([...bright].sort((a, b) => a - b));
  });
});

test('no text is smaller than 13 px', () => {
  const sizes = [...css.matchAll(/font-size: ([\d.]+)(px|rem)/g)].map(
    ([, size, unit]) => Number(size) * (unit === 'rem' ? 16 : 1),
  );
  expect(sizes.length).toBeGreaterThan(10);
  expect(Math.min(...sizes)).toBeGreaterThanOrEqual(13);
});

test('the page itself has neither script nor style in it', () => {
  const html = readFileSync(join(folder, 'index.html'), 'utf8');
  expect(html).not.toMatch(/<style|style=|\son\w+=|<script(?![^>]*\bsrc=)/);
  expect(html).not.toMatch(/https?:/);
});
