/** HTML that is safe by construction: whatever is put into a template is escaped. */

import { printable } from '../../model/printable.ts';

/** Markup that may stand in a page as it is. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

/** Null is nothing. */
export type HtmlValue = Html | string | number | null | readonly HtmlValue[];

/** Longer texts from a report are cut, so that one of them cannot fill the page. */
const textMax = 600;

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * A template whose values are markup (`Html`) or text. Text is escaped for elements and quoted
 * attributes; what would control the direction of writing is left out.
 */
export function html(strings: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(strings.reduce((made, part, at) => made + markupOf(values[at - 1]!) + part));
}

function markupOf(value: HtmlValue): string {
  if (value === null) return '';
  if (value instanceof Html) return value.markup;
  if (Array.isArray(value)) return value.map(markupOf).join('');
  return escaped(String(value));
}

function escaped(text: string): string {
  const cut = text.length > textMax ? `${text.slice(0, textMax)}…` : text;
  return printable(cut.toWellFormed()).replace(/[&<>"']/g, (character) => entities[character]!);
}

/** JSON that may stand in a `script` element: no `<` in it can end that. */
export function embeddedJson(value: unknown): Html {
  const escapes = { '<': '\\u003c', '&': '\\u0026' };
  return new Html(JSON.stringify(value).replace(/[<&]/g, (each) => escapes[each as '<' | '&']));
}
