/** CSV as people's spreadsheets make it: byte order mark, commas or semicolons, quotes, CRLF. */

import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { type ErrorCode, OnrampError } from '../../../model/errors.ts';
import { limits } from '../../../model/limits.ts';
import { type ByteSource, DecodedText } from './import-encoding.ts';

/** A row of cells, with the number a spreadsheet shows beside it (the first line is row 1). */
export interface CsvRow {
  readonly row: number;
  readonly cells: readonly string[];
}

export interface CsvTable {
  /** Names of the columns, trimmed, in lower case. */
  readonly heading: readonly string[];
  readonly delimiter: string;
  /** The rows below the heading, empty ones left out. */
  readonly rows: AsyncIterable<CsvRow>;
}

/** A line that is not empty to a spreadsheet, and all of it. */
const filled = /[^\s,;"]/;
const headingLine = /[^\s,;"][^\r\n]*[\r\n]/;

/**
 * Reads the heading, which empty rows may precede, and the rows as they are asked for. The delimiter (comma, semicolon or tab) is
 * the one the heading has most of. Here and while rows are read, `code` is thrown, with the line,
 * for what is not CSV or not text, and for a row of more than `importRowCharsMax` characters.
 */
export async function readCsv(
  source: ByteSource | DecodedText,
  code: ErrorCode,
): Promise<CsvTable> {
  const decoded = source instanceof DecodedText ? source : new DecodedText(source, code);
  const text = decoded[Symbol.asyncIterator]();
  let head = '';
  while (!headingLine.test(head) && head.length <= limits.importRowCharsMax) {
    const next = await text.next();
    if (next.done) break;
    head += next.value;
  }
  const delimiter = delimiterOf(head.split(/[\r\n]/).find((line) => filled.test(line)) ?? '');
  const rows = parsedRows(chained(head, text), delimiter, code);
  const first = await rows.next();
  if (first.done) throw new OnrampError(code, 'the file is empty');
  const heading = first.value.cells.map((name) => name.trim().toLowerCase());
  return { heading, delimiter, rows };
}

function delimiterOf(heading: string): string {
  const count = (delimiter: string) => heading.split(delimiter).length;
  return [',', ';', '\t'].reduce((best, each) => (count(each) > count(best) ? each : best));
}

async function* chained(head: string, rest: AsyncIterable<string>): AsyncGenerator<string> {
  yield head;
  yield* rest;
}

async function* parsedRows(
  text: AsyncIterable<string>,
  delimiter: string,
  code: ErrorCode,
): AsyncGenerator<CsvRow> {
  const parser = parse({
    delimiter,
    columns: false,
    // A spreadsheet counts empty rows too.
    skip_empty_lines: false,
    // The reader of the rows knows what a missing or a surplus cell means.
    relax_column_count: true,
    max_record_size: limits.importRowCharsMax,
  });
  pipeline(Readable.from(text), parser, () => {});
  let row = 0;
  try {
    for await (const cells of parser as AsyncIterable<string[]>) {
      row += 1;
      if (cells.some((cell) => cell.trim() !== '')) yield { row, cells };
    }
  } catch (error) {
    throw error instanceof CsvError ? new OnrampError(code, csvMistake(error), error) : error;
  }
}

/** What the parser says names the line. */
function csvMistake(error: CsvError): string {
  if (error.code !== 'CSV_MAX_RECORD_SIZE') return error.message.slice(0, limits.textCharsMax);
  const chars = limits.importRowCharsMax;
  return `line ${error.lines}: a row of more than ${chars} characters (a quote that is not closed?)`;
}
