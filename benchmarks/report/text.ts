/** Texts of the page: both languages stand in it, the style shows one. */

import { dictionary, type TextKey } from './dictionary.ts';
import { Html, type HtmlValue, html } from './html.ts';

/** The text of `key` in both languages; `{name}` in it stands for the value of that name. */
export function text(key: TextKey, values: Readonly<Record<string, HtmlValue>> = {}): Html {
  const { en, zh } = dictionary[key];
  return both({ en: filled(en, values), zh: filled(zh, values) });
}

/** What says the same in both languages. */
export function both({ en, zh }: { readonly en: HtmlValue; readonly zh: HtmlValue }): Html {
  return html`<span lang="en">${en}</span><span lang="zh-CN">${zh}</span>`;
}

/** What the page calls something a report names; a name it does not know stands as it is. */
export function named(kind: 'stage' | 'group' | 'phase' | 'path', name: string): Html {
  const key = `${kind}.${name}`;
  return Object.hasOwn(dictionary, key) ? text(key as TextKey) : html`<span>${name}</span>`;
}

/** True when the page has a text for it. */
export function hasName(kind: 'path', name: string): boolean {
  return Object.hasOwn(dictionary, `${kind}.${name}`);
}

function filled(template: string, values: Readonly<Record<string, HtmlValue>>): Html {
  const parts = template.split(/\{(\w+)\}/);
  return new Html(
    parts.map((part, at) => html`${at % 2 === 0 ? part : (values[part] ?? null)}`.markup).join(''),
  );
}
