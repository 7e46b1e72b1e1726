/** The seven reporting units as tiles: a schematic of who lies beside whom, not a map. */

import { type DistrictId, districts } from '../../../model/enterprise.ts';
import { h, label, pair, panel, setText } from '../dom.ts';
import { fillBounds, fillStep } from '../fill.ts';
import { count } from '../format.ts';
import { connectedElsewhere } from '../funnel.ts';
import type { TextKey, Texts } from '../i18n.ts';
import type { Onboarding } from '../snapshot.ts';
import type { Panel } from '../view.ts';

interface Tile {
  readonly element: HTMLElement;
  /** A district that is not in the counts has no device. */
  show(onboarding: Onboarding | null): void;
}

const districtIds: ReadonlySet<string> = new Set(districts.map(({ id }) => id));

export function cityMap(texts: Texts): Panel {
  const tiles = districts.map(({ id }) => tile(texts, id));
  const elsewhere = h('p', 'elsewhere');
  const list = h('ul', 'city', ...tiles.map(({ element }) => element));
  const element = panel(texts, 'map', 'map.title', list, legend(texts), elsewhere);
  return {
    element,
    show({ onboarding }) {
      for (const part of tiles) part.show(onboarding);
      setText(elsewhere, onboarding === null ? '' : elsewhereWords(texts, onboarding));
    },
  };
}

function tile(texts: Texts, id: DistrictId): Tile {
  const { language } = texts;
  const district = districts.find((candidate) => candidate.id === id)!;
  const connected = h('strong', 'number');
  const rest = h('span', 'rest');
  const name = h('span', 'name', district.name[language]);
  const unit = h('span', 'unit', texts.text('map.connected'));
  const element = h('li', `tile at-${id}`, name, pair(connected, unit), rest);
  return {
    element,
    show(onboarding) {
      unit.hidden = onboarding === null;
      if (onboarding === null) {
        element.dataset.fill = '0';
        element.title = '';
        setText(connected, '—');
        setText(rest, '');
        return;
      }
      const here = onboarding.byDistrict[id];
      const devices = here?.production.connected ?? 0;
      element.dataset.fill = String(fillStep(devices, onboarding.city.production.connected));
      setText(connected, count(devices, language));
      const words = (key: TextKey, value = 0) => texts.text(key, { count: count(value, language) });
      setText(rest, words('map.online', here?.production.online));
      element.title = words('map.enterprises', here?.enterprises.connected);
    },
  };
}

function legend(texts: Texts): HTMLElement {
  const scale = h('span', 'scale');
  fillBounds.forEach((bound, index) => {
    const last = index === fillBounds.length - 1;
    const words = last ? `> ${fillBounds[index - 1]! * 100} %` : `≤ ${bound * 100} %`;
    const box = h('span', 'step', words);
    box.dataset.fill = String(index + 1);
    scale.append(box);
  });
  return h(
    'div',
    'legend',
    h('span', 'note', texts.text('map.note')),
    label(texts, 'map.fill'),
    scale,
  );
}

/** Devices whose district is none of the seven. */
function elsewhereWords(texts: Texts, onboarding: Onboarding): string {
  const devices = connectedElsewhere(onboarding, districtIds);
  if (devices === 0) return '';
  return `${texts.text('map.elsewhere')} ${count(devices, texts.language)} ${texts.text('map.connected')}`;
}
