/** Finding a text in a table's index of every three characters, without reading the table. */

import type { DatabaseSync } from 'node:sqlite';
import { limits } from '../../model/limits.ts';
import { prepared } from './statements.ts';

/** What a text may be part of: an enterprise's id and names, a device's id and serial. */
export type Searched = 'enterprise' | 'device';

/**
 * How many rows may hold a text. `few` has the query for `{searched}_text`, whose answers still have
 * to be compared: they hold the three characters each, in any order.
 */
export type Matches =
  | { readonly amount: 'none' | 'many' }
  | { readonly amount: 'few'; readonly query: string };

const gram = 3;
/** Beginnings that stand for a text shorter than three characters. */
const gramsMax = 500;
const none: Matches = { amount: 'none' };
const many: Matches = { amount: 'many' };

/** Text to search for: lower case, no longer than anything it could be part of. */
export function searchText(text: string): string {
  return text.slice(0, limits.textCharsMax).toLowerCase();
}

/** How many rows may hold `text`, which is lower case; `few` are at most `fewMax`. */
export function matchesOf(
  db: DatabaseSync,
  searched: Searched,
  text: string,
  fewMax: number,
): Matches {
  const chars = [...text];
  if (chars.length === 0) return many;
  if (chars.length < gram) return shortMatches(db, searched, text, fewMax);
  const grams = chars.slice(gram - 1).map((_, i) => chars.slice(i, i + gram).join(''));
  const query = grams.map(term).join(' AND ');
  const counted = prepared(
    db,
    `SELECT count(*) AS n FROM (
       SELECT rowid FROM ${searched}_text WHERE ${searched}_text MATCH ? LIMIT ?)`,
  ).get(query, fewMax + 1)!.n as number;
  if (counted === 0) return none;
  return counted > fewMax ? many : { amount: 'few', query };
}

/** Every three characters in the index that begin with `text`. */
function shortMatches(db: DatabaseSync, searched: Searched, text: string, fewMax: number): Matches {
  const grams: string[] = [];
  let rows = 0;
  // Ends early: counting on would read most of the index.
  const found = db.prepare(
    `SELECT term, doc FROM ${searched}_trigram WHERE term >= ? AND term < ?`,
  );
  for (const row of found.iterate(text, `${text}\u{10ffff}`)) {
    grams.push(row.term as string);
    rows += row.doc as number;
    if (rows > fewMax || grams.length > gramsMax) return many;
  }
  return grams.length === 0 ? none : { amount: 'few', query: grams.map(term).join(' OR ') };
}

/** A string of an FTS5 query. */
function term(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
