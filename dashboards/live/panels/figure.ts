/** A tile with one large number, of those that are read first. */

import { h, label } from '../dom.ts';
import type { TextKey, Texts } from '../i18n.ts';

export function figure(
  texts: Texts,
  area: string,
  title: TextKey,
  ...children: readonly HTMLElement[]
): HTMLElement {
  const heading = h('h2', '', label(texts, title));
  const element = h('section', `panel figure ${area}`, heading, ...children);
  heading.id = `title-${area}`;
  element.setAttribute('aria-labelledby', heading.id);
  return element;
}
