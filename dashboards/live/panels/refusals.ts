/** What was refused, by code, with the sentence that says what to do; and the latest dead letters. */

import { errorTable } from '../../../model/errors.ts';
import type { Name } from '../../../model/profile.ts';
import { h, panel, setText } from '../dom.ts';
import { count, timeOfDay } from '../format.ts';
import type { Texts } from '../i18n.ts';
import type { Panel } from '../view.ts';

const codesMax = 8;
const sentences: Readonly<Record<string, Name | undefined>> = errorTable;

/** Rebuilds a list only when what it shows has changed. */
function listOf(container: HTMLElement) {
  let shown: string | null = null;
  return (key: string, items: () => readonly HTMLElement[]): void => {
    if (key === shown) return;
    shown = key;
    container.replaceChildren(...items());
  };
}

export function refusals(texts: Texts): Panel {
  const { language } = texts;
  const list = h('ul', 'lines');
  const note = h('p', 'note');
  const none = `● ${texts.text('refusals.none')} · ${texts.text('refusals.since')}`;
  const rebuild = listOf(list);
  const element = panel(texts, 'refusals', 'refusals.title', list, note);
  element.title = texts.text('refusals.since');
  return {
    element,
    show(snapshot) {
      const counts = Object.entries(snapshot.refusals)
        .map(([code, number]) => [code, number ?? 0] as const)
        .filter(([, number]) => number > 0)
        .sort(([a, most], [b, least]) => least - most || a.localeCompare(b));
      rebuild(JSON.stringify(counts), () =>
        counts
          .slice(0, codesMax)
          .map(([code, number]) =>
            h(
              'li',
              '',
              h('p', 'head', h('code', '', code), h('span', 'number', count(number, language))),
              h('p', 'sentence', sentences[code]?.[language] ?? ''),
            ),
          ),
      );
      const hidden = String(Math.max(0, counts.length - codesMax));
      if (counts.length === 0) setText(note, none);
      else setText(note, hidden === '0' ? '' : texts.text('refusals.more', { count: hidden }));
    },
  };
}

export function deadLetters(texts: Texts): Panel {
  const { language } = texts;
  const list = h('ul', 'lines');
  const note = h('p', 'note');
  const rebuild = listOf(list);
  const element = panel(texts, 'dead-letters', 'deadLetters.title', list, note);
  return {
    element,
    show({ deadLetters: letters }) {
      rebuild(JSON.stringify(letters), () =>
        (letters ?? []).map(({ atMs, enterprise, device, code, detail }) =>
          h(
            'li',
            '',
            h(
              'p',
              'head',
              h('span', 'who', `${enterprise}.${device}`),
              h('time', 'number', timeOfDay(atMs, language)),
            ),
            h(
              'p',
              'sentence',
              h('code', '', code),
              ` ${detail || (sentences[code]?.[language] ?? '')}`,
            ),
          ),
        ),
      );
      if (letters === null) setText(note, texts.text('unknown'));
      else setText(note, letters.length === 0 ? `● ${texts.text('deadLetters.none')}` : '');
    },
  };
}
