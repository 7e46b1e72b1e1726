/** Finding a text in a table's index of every three characters, without reading the table. */

import type { DatabaseSync } from 'node:sqlite';
import { limits } from '../../../model/limits.ts';
import { prepared } from './statements.ts';

/** What a text may be part of: an enterprise's id and names, a device's id and serial. */
export type Searched = 'enterprise' | 'device';

/**
 * How many rows may hold a text. `few` has their numbers as a JSON array; each still has to be
 * compared, for it holds every three characters that were asked for, but in any order.
 */
export type Matches =
  | { readonly amount: 'none' | 'many' }
  | { readonly amount: 'few'; readonly rows: string };

const gram = 3;
/** Beginnings that stand for a text shorter than three characters. */
const gramsMax = 500;
/** Three characters that so few rows hold are asked for alone. */
const enoughRows = 100;
/** Of a longer text only so many three characters are asked for. */
const gramsAskedMax = 24;

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
  const grams = gramsOf(chars);
  const rare: string[] = [];
  for (const each of grams) {
    const { count, rows } = found(db, searched, term(each), fewMax);
    if (count === 0) return none;
    if (count <= enoughRows) return { amount: 'few', rows };
    if (count <= fewMax) rare.push(each);
  }
  // Long lists of rows take long to compare, and say little.
  const asked = rare.length > 0 ? rare : grams;
  return amountOf(found(db, searched, asked.map(term).join(' AND '), fewMax), fewMax);
}

/** Three characters each, one after the other, that cover the text. */
function gramsOf(chars: readonly string[]): string[] {
  const grams: string[] = [];
  for (let at = 0; at < chars.length && grams.length < gramsAskedMax; at += gram) {
    const start = Math.min(at, chars.length - gram);
    grams.push(chars.slice(start, start + gram).join(''));
  }
  return grams;
}

interface Found {
  /** One more than asked for when there are more. */
  readonly count: number;
  readonly rows: string;
}

function found(db: DatabaseSync, searched: Searched, query: string, fewMax: number): Found {
  const row = prepared(
    db,
    `SELECT count(*) AS count, json_group_array(number) AS rows FROM (
       SELECT rowid AS number FROM ${searched}_text WHERE ${searched}_text MATCH ? LIMIT ?)`,
  ).get(query, fewMax + 1)!;
  return { count: row.count as number, rows: row.rows as string };
}

function amountOf({ count, rows }: Found, fewMax: number): Matches {
  if (count === 0) return none;
  return count > fewMax ? many : { amount: 'few', rows };
}

/** Every three characters in the index that begin with `text`. */
function shortMatches(db: DatabaseSync, searched: Searched, text: string, fewMax: number): Matches {
  const grams: string[] = [];
  let rows = 0;
  // Ends early: counting on would read most of the index.
  const beginnings = db.prepare(
    `SELECT term, doc FROM ${searched}_trigram WHERE term >= ? AND term < ?`,
  );
  for (const row of beginnings.iterate(text, `${text}\u{10ffff}`)) {
    grams.push(row.term as string);
    rows += row.doc as number;
    if (rows > fewMax || grams.length > gramsMax) return many;
  }
  if (grams.length === 0) return none;
  return amountOf(found(db, searched, grams.map(term).join(' OR '), fewMax), fewMax);
}

/** A string of an FTS5 query. */
function term(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
