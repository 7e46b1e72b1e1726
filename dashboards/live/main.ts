/** The page: takes the token, follows the live snapshots, hands each to every panel. */

import { systemClock } from '../../model/clock.ts';
import type { Name } from '../../model/profile.ts';
import { h, setText } from './dom.ts';
import { timeOfDay } from './format.ts';
import { type Header, header } from './header.ts';
import { History } from './history.ts';
import { chooseMode, type LanguageMode, type Texts, textsOf } from './i18n.ts';
import { type Connection, Live } from './live.ts';
import { panels } from './panels/index.ts';
import type { Snapshot } from './snapshot.ts';
import { forgetToken, keepToken, takeToken } from './token.ts';
import { tokenForm } from './token-form.ts';
import type { Panel } from './view.ts';

const languageKey = 'onramp.language';
/** A snapshot older than this is covered by the veil. */
const staleMs = 3000;
const freshnessIntervalMs = 250;

class Page {
  readonly #root: HTMLElement;
  #texts: Texts;
  #header: Header | null = null;
  #panels: readonly Panel[] = [];
  #veil = h('div', 'veil');
  #live: Live | null = null;
  #history = new History();
  #snapshot: Snapshot | null = null;
  #arrivedMs = 0;
  #connection: Connection = 'connecting';
  #reason: Name | null = null;

  constructor(root: HTMLElement, mode: LanguageMode) {
    this.#root = root;
    this.#texts = textsOf(mode);
    systemClock.every(freshnessIntervalMs, () => this.#showFreshness());
    document.addEventListener('visibilitychange', () => this.#showSnapshot());
    window.addEventListener('hashchange', () => this.open());
  }

  /** Begins with the token of the address or of this tab, or asks for one. */
  open(): void {
    this.#live?.stop();
    this.#live = null;
    const token = takeToken(window);
    if (token === null) this.#ask(null);
    else this.#follow(token);
  }

  #follow(token: string): void {
    this.#build();
    this.#live = new Live({
      url: './api/v1/live',
      token,
      clock: systemClock,
      fetch: (input, init) => window.fetch(input, init),
      onSnapshot: (snapshot) => this.#take(snapshot),
      onConnection: (connection, reason) => this.#connected(connection, reason),
    });
    this.#live.start();
  }

  #take(snapshot: Snapshot): void {
    this.#snapshot = snapshot;
    this.#arrivedMs = systemClock.monotonicMs();
    this.#history.add(snapshot);
    this.#showSnapshot();
  }

  #connected(connection: Connection, reason: Name | null): void {
    this.#connection = connection;
    this.#reason = reason;
    if (connection === 'refused') {
      forgetToken(window);
      this.#ask(reason);
    } else this.#showFreshness();
  }

  #ask(refusal: Name | null): void {
    this.#header = null;
    this.#panels = [];
    this.#root.replaceChildren(
      tokenForm(this.#texts, refusal, (token) => {
        keepToken(window, token);
        this.open();
      }),
    );
  }

  /** Makes everything anew, in the language of the page. */
  #build(): void {
    const texts = this.#texts;
    document.documentElement.lang = texts.language === 'zh' ? 'zh-CN' : 'en';
    document.documentElement.dataset.mode = texts.mode;
    document.title = `Onramp ${texts.text('page.title')}`;
    this.#header = header(texts, (mode) => {
      window.localStorage.setItem(languageKey, mode);
      this.#texts = textsOf(mode);
      this.#build();
    });
    this.#panels = panels.map((make) => make(texts));
    this.#veil = h('div', 'veil', h('strong'), h('span'));
    this.#veil.setAttribute('role', 'alert');
    const main = h('main', 'panels', ...this.#panels.map((panel) => panel.element));
    this.#root.replaceChildren(this.#header.element, main, this.#veil);
    this.#showSnapshot();
  }

  #showSnapshot(): void {
    if (document.hidden) return;
    const snapshot = this.#snapshot;
    if (snapshot !== null) for (const panel of this.#panels) panel.show(snapshot, this.#history);
    this.#showFreshness();
  }

  #reasonText(): string {
    return this.#reason?.[this.#texts.language] ?? '';
  }

  #showFreshness(): void {
    if (this.#header === null || document.hidden) return;
    const texts = this.#texts;
    const snapshot = this.#snapshot;
    const ageMs = snapshot === null ? 0 : systemClock.monotonicMs() - this.#arrivedMs;
    this.#header.show({
      connection: this.#connection,
      reason: this.#reasonText(),
      simulated: snapshot?.simulated ?? false,
      nowMs: snapshot?.nowMs ?? null,
      ageMs,
    });
    const stale = snapshot === null || ageMs > staleMs;
    this.#root.classList.toggle('stale', stale);
    this.#veil.hidden = !stale;
    const [title, text] = this.#veil.children;
    if (!stale || !title || !text) return;
    setText(title, texts.text(snapshot === null ? 'unknown.waiting' : 'stale.title'));
    const time = snapshot === null ? '' : timeOfDay(snapshot.nowMs, texts.language);
    setText(text, snapshot === null ? this.#reasonText() : texts.text('stale.text', { time }));
  }
}

const root = document.getElementById('page');
if (root !== null) {
  const wish = new URLSearchParams(window.location.search).get('lang');
  const mode = chooseMode([wish, window.localStorage.getItem(languageKey)], navigator.language);
  new Page(root, mode).open();
}
