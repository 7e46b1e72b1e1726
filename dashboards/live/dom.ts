/** Making elements in few words. */

import type { TextKey, Texts } from './i18n.ts';

type Child = Node | string;

/** An HTML element of a class with children. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  className = '',
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  if (className) element.className = className;
  element.append(...children);
  return element;
}

/** An SVG element with attributes and children. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Readonly<Record<string, string | number>> = {},
  ...children: readonly Child[]
): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/** A text of the dictionary; where both languages are shown, with the other one beneath it. */
export function label(texts: Texts, key: TextKey, className = ''): HTMLElement {
  const element = h('span', `label ${className}`.trim(), texts.text(key));
  const beneath = texts.beneath(key);
  if (beneath !== null) {
    const second = h('span', 'beneath', beneath);
    second.lang = 'en';
    element.append(second);
  }
  return element;
}

/** A number and what it counts, in either order, kept apart for those who hear or copy them. */
export function pair(first: Child, second: Child): HTMLElement {
  return h('span', 'pair', first, ' ', second);
}

/** Changes the text only when it differs, so that nothing is laid out in vain. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A panel with the question it answers as its title. */
export function panel(
  texts: Texts,
  area: string,
  title: TextKey,
  ...children: readonly Child[]
): HTMLElement {
  const heading = h('h2', '', label(texts, title));
  const section = h('section', `panel ${area}`, heading, ...children);
  heading.id = `title-${area}`;
  section.setAttribute('aria-labelledby', heading.id);
  return section;
}
