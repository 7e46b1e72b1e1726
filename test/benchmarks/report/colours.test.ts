/** What is told by colour can be told apart, and what is read can be read. */

import { readFileSync } from 'node:fs';
import { lab, rgb } from 'd3-color';
import { describe, expect, test } from 'vitest';
import { colourStyle, heatColours } from '../../../benchmarks/report/frame/colours.ts';

describe.each(Object.entries(heatColours))('heat map, %s', (_theme, colours) => {
  const lightness = colours.map((colour) => lab(colour).l);
  const steps = lightness.slice(1).map((value, at) => value - lightness[at]!);

  test('goes one way, in even steps', () => {
    const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
    for (const step of steps) {
      expect(step / mean).toBeGreaterThan(0.7);
      expect(step / mean).toBeLessThan(1.3);
    }
  });
});

/** WCAG 2.1, relative luminance and contrast ratio. */
function contrast(one: string, other: string): number {
  const luminance = (colour: string): number => {
    const { b, g, r } = rgb(colour);
    const [red, green, blue] = [r, g, b].map((channel) => {
      const part = channel / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    }) as [number, number, number];
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const page = readFileSync('benchmarks/report/style/page.css', 'utf8');
const themes = [...page.matchAll(/:root \{([^}]*)\}/g)].slice(0, 2).map(([, block]) => {
  const properties = [...block!.matchAll(/(--[\w-]+): (#[0-9a-f]{6});/g)];
  return new Map(properties.map(([, name, value]) => [name!, value!]));
});

describe.each([
  ['dark', themes[0]!],
  ['light', themes[1]!],
])('%s page', (_name, theme) => {
  const text = ['--text', '--secondary', '--accent', '--second', '--good', '--bad', '--open'];

  test.each(text)('%s can be read on a panel (4.5:1)', (name) => {
    expect(contrast(theme.get(name)!, theme.get('--panel')!)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(['--text', '--secondary'])('%s can be read beside a panel', (name) => {
    expect(contrast(theme.get(name)!, theme.get('--background')!)).toBeGreaterThanOrEqual(4.5);
  });

  test('has a colour for every group', () => {
    const used = new Set(colourStyle().match(/--group-\d+/g));
    expect([...used].filter((name) => !theme.has(name))).toEqual([]);
  });
});
