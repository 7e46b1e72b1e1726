/** The line above everything: what this is, whether it is live, and how old it is. */

import { h, label, setText } from './dom.ts';
import { date, timeOfDay } from './format.ts';
import type { LanguageMode, Texts } from './i18n.ts';
import type { Connection } from './live.ts';

export interface Header {
  readonly element: HTMLElement;
  /** `nowMs` is the gateway's clock; null before the first snapshot. `ageMs` is that snapshot's. */
  show(state: {
    readonly connection: Connection;
    readonly reason: string;
    readonly simulated: boolean;
    readonly nowMs: number | null;
    readonly ageMs: number;
  }): void;
}

const shapes: Readonly<Record<Connection, string>> = {
  connecting: '◇',
  live: '●',
  lost: '▲',
  refused: '■',
};

const languages: readonly (readonly [LanguageMode, string, string])[] = [
  ['zh', '中文', 'zh-CN'],
  ['en', 'English', 'en'],
  ['both', '双语', 'zh-CN'],
];

export function header(texts: Texts, onLanguage: (mode: LanguageMode) => void): Header {
  const { language } = texts;
  const simulated = h('span', 'simulated', texts.text('simulated.badge'));
  simulated.title = texts.text('simulated.hint');
  simulated.hidden = true;
  const connection = h('span', 'connection');
  connection.setAttribute('role', 'status');
  const age = h('span', 'age number');
  const clock = h('span', 'clock number');
  const day = h('span', 'day');
  const buttons = languages.map(([mode, name, tag]) => {
    const button = h('button', '', name);
    button.type = 'button';
    button.lang = tag;
    button.setAttribute('aria-pressed', String(mode === texts.mode));
    button.addEventListener('click', () => onLanguage(mode));
    return button;
  });
  const group = h('div', 'languages', ...buttons);
  group.setAttribute('role', 'group');
  group.setAttribute('aria-label', texts.text('page.language'));
  const element = h(
    'header',
    '',
    h('h1', '', h('span', 'brand', 'Onramp'), label(texts, 'page.title')),
    simulated,
    h('div', 'fresh', connection, age),
    h('div', 'now', clock, day),
    group,
  );
  return {
    element,
    show({ connection: state, reason, simulated: isSimulated, nowMs, ageMs }) {
      simulated.hidden = !isSimulated;
      connection.dataset.state = state;
      setText(connection, `${shapes[state]} ${texts.text(`connection.${state}`)}`);
      connection.title = reason;
      const seconds = (ageMs / 1000).toFixed(1);
      setText(age, nowMs === null ? '' : texts.text('connection.age', { age: seconds }));
      setText(clock, nowMs === null ? '' : timeOfDay(nowMs, language));
      setText(
        day,
        nowMs === null ? '' : `${date(nowMs, language)} · ${texts.text('page.timeZone')}`,
      );
    },
  };
}
