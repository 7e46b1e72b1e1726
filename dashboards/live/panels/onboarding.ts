/** How far the programme has come: enterprises and production devices that are connected. */

import { Counter } from '../counter.ts';
import { h, label, pair, setText } from '../dom.ts';
import { count, percent } from '../format.ts';
import { type Stage, shareAt, stages } from '../funnel.ts';
import type { TextKey, Texts } from '../i18n.ts';
import type { NestedCounts } from '../snapshot.ts';
import type { MakePanel, Panel } from '../view.ts';
import { figure } from './figure.ts';

/** Shows the four counts; null while the directory is being read. */
interface Funnel {
  readonly element: HTMLElement;
  show(counts: NestedCounts | null): void;
}

/** Enterprises, each of which counts with at least one device that does. */
export const enterprisesFigure: MakePanel = (texts) => {
  const steps = funnel(texts);
  const rule = h('p', 'aside', label(texts, 'enterprises.rule', 'unit'));
  return {
    element: figure(texts, 'enterprises', 'enterprises.title', steps.element, rule),
    show({ onboarding }) {
      steps.show(onboarding?.city.enterprises ?? null);
    },
  };
};

/** Production devices; those that are not production equipment apart from them. */
export const devicesFigure: MakePanel = (texts) => {
  const steps = funnel(texts);
  const others = h('span', 'number');
  const apart = h('p', 'aside', pair(label(texts, 'devices.other', 'unit'), others));
  return {
    element: figure(texts, 'devices', 'devices.title', steps.element, apart),
    show({ onboarding }) {
      steps.show(onboarding?.city.production ?? null);
      setText(others, otherWords(texts, onboarding?.city.other ?? null));
    },
  };
};

/** What the four words mean; the same for the whole page. */
export function definitions(texts: Texts): Panel {
  const lines = stages.map((stage) => h('li', '', label(texts, `meaning.${stage}`)));
  const element = h('ul', 'definitions', ...lines);
  element.setAttribute('aria-label', texts.text('meaning.title'));
  return { element, show: () => {} };
}

function otherWords({ text, language }: Texts, counts: NestedCounts | null): string {
  if (counts === null) return text('unknown');
  const connected = count(counts.connected, language);
  const registered = count(counts.registered, language);
  return text('devices.otherCounts', { connected, registered });
}

function funnel(texts: Texts): Funnel {
  const steps = stages.map((stage) => step(texts, stage));
  const list = h('ol', 'funnel', ...steps.map(({ element }) => element));
  const reading = h('p', 'reading', label(texts, 'stage.reading'));
  reading.setAttribute('role', 'status');
  return {
    element: h('div', 'steps', list, reading),
    show(counts) {
      list.hidden = counts === null;
      reading.hidden = counts !== null;
      if (counts !== null) for (const part of steps) part.show(counts);
    },
  };
}

/** A step's number, its share of the widest one as a bar, and its word. */
function step(texts: Texts, stage: Stage) {
  const { language } = texts;
  const name: TextKey = `stage.${stage}`;
  const number = new Counter(h('strong', 'number'), (value) => count(value, language));
  const bar = h('progress');
  bar.setAttribute('aria-label', texts.text(name));
  const element = h('li', `stage ${stage}`, number.element, bar, label(texts, name));
  return {
    element,
    show(counts: NestedCounts): void {
      number.show(counts[stage]);
      bar.value = shareAt(counts, stage);
      const share = percent(counts[stage], counts.registered);
      element.title = `${texts.text(`meaning.${stage}`)} ${texts.text('stage.share', { share })}`;
    },
  };
}
