/** Columns of a timeline as a table of at most two dozen lines, for those who do not see charts. */

import { type Html, type HtmlValue, html } from '../html.ts';
import { secondsText } from '../numbers.ts';
import { text } from '../text.ts';
import { table, tableAlternative } from './panel.ts';
import type { TimeAxis } from './time-axis.ts';

const linesMax = 24;

/** What a table shows of the columns from `from` to before `to`. */
export interface TableColumn {
  readonly head: HtmlValue;
  readonly cell: (from: number, to: number) => HtmlValue;
}

export function timeTable({ columns, columnS }: TimeAxis, shown: readonly TableColumn[]): Html {
  const size = Math.ceil(columns / linesMax);
  const rows: HtmlValue[][] = [];
  for (let from = 0; from < columns; from += size) {
    const to = Math.min(from + size, columns);
    const when = html`${secondsText(from * columnS)} – ${secondsText(to * columnS)}`;
    rows.push([when, ...shown.map(({ cell }) => cell(from, to))]);
  }
  const heads = [text('chart.time'), ...shown.map(({ head }) => head)];
  return tableAlternative(table(heads, rows));
}
