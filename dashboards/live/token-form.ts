/** Asks for a token when the address did not carry one, or the gateway refused it. */

import type { Name } from '../../model/profile.ts';
import { h, label } from './dom.ts';
import type { Texts } from './i18n.ts';

/** `refusal` says why the last one was refused; null when there was none. */
export function tokenForm(
  texts: Texts,
  refusal: Name | null,
  onToken: (token: string) => void,
): HTMLElement {
  const input = h('input');
  input.type = 'password';
  input.name = 'token';
  input.required = true;
  input.autocomplete = 'off';
  const button = h('button', '', texts.text('token.open'));
  const problem = h('p', 'problem', refusal ? `▲ ${refusal[texts.language]}` : '');
  problem.setAttribute('role', 'alert');
  const form = h(
    'form',
    'panel',
    h('h2', '', label(texts, 'token.title')),
    h('p', '', texts.text('token.text')),
    h('label', '', texts.text('token.label'), input),
    problem,
    button,
  );
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const token = input.value.trim();
    if (token !== '') onToken(token);
  });
  queueMicrotask(() => input.focus());
  return h('main', 'ask', form);
}
