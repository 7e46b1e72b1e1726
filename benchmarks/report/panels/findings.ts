/** What a scenario found besides, such as how long it took to recover. */

import type { Findings, RunReport } from '../../../model/report.ts';
import { facts, panel } from '../frame/panel.ts';
import type { Html } from '../html.ts';
import { quantityAt } from '../numbers.ts';
import { named } from '../text.ts';

/** Null when the scenario looks for nothing. */
export function findingsPanel({ findings }: RunReport): Html | null {
  const found = Object.keys(findings).slice(0, 40) as (keyof Findings)[];
  if (found.length === 0) return null;
  const rows = found.map((name) => {
    const path = `findings.${name}`;
    return [named('path', path), quantityAt(path, findings[name])] as const;
  });
  return panel('findings', 'findings.title', facts(rows), false);
}
