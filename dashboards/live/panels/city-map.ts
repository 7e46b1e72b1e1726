/** The seven reporting units as tiles: a schematic of who lies beside whom, not a map. */

import { type DistrictId, districts } from '../../../model/enterprise.ts';
import { h, label, pair, panel, setText } from '../dom.ts';
import { fillBounds, fillStep } from '../fill.ts';
import { count, percent } from '../format.ts';
import type { Texts } from '../i18n.ts';
import type { DistrictCounts, Snapshot } from '../snapshot.ts';
import type { Panel } from '../view.ts';

interface Tile {
  readonly element: HTMLElement;
  show(counts: DistrictCounts | undefined, total: number | null): void;
}

export function cityMap(texts: Texts): Panel {
  const tiles = new Map<DistrictId, Tile>(districts.map(({ id }) => [id, tile(texts, id)]));
  const elsewhere = h('p', 'elsewhere');
  const list = h('ul', 'city', ...[...tiles.values()].map(({ element }) => element));
  const element = panel(texts, 'map', 'map.title', list, legend(texts), elsewhere);
  return {
    element,
    show({ registry }) {
      const byId = new Map(registry?.byDistrict.map((counts) => [counts.district, counts]));
      for (const [id, part] of tiles) part.show(byId.get(id), registry?.devices ?? null);
      setText(elsewhere, elsewhereText(texts, registry));
    },
  };
}

function tile(texts: Texts, id: DistrictId): Tile {
  const { language } = texts;
  const district = districts.find((candidate) => candidate.id === id)!;
  const devices = h('strong', 'number');
  const rest = h('span', 'rest');
  const name = h('span', 'name', district.name[language]);
  const element = h(
    'li',
    `tile at-${id}`,
    name,
    pair(devices, h('span', 'unit', texts.text('map.devices'))),
    rest,
  );
  return {
    element,
    show(counts, total) {
      const known = total !== null;
      const here = counts?.devices ?? 0;
      element.dataset.fill = String(known ? fillStep(here, total) : 0);
      setText(devices, known ? count(here, language) : texts.text('unknown'));
      const enterprises = `${count(counts?.enterprises ?? 0, language)} ${texts.text('map.enterprises')}`;
      setText(rest, known ? `${percent(here, total)} · ${enterprises}` : '');
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
function elsewhereText(texts: Texts, registry: Snapshot['registry']): string {
  const known = new Set<string>(districts.map(({ id }) => id));
  const others = registry?.byDistrict.filter((counts) => !known.has(counts.district)) ?? [];
  const devices = others.reduce((sum, counts) => sum + counts.devices, 0);
  if (devices === 0) return '';
  return `${texts.text('map.elsewhere')} ${count(devices, texts.language)} ${texts.text('map.devices')}`;
}
