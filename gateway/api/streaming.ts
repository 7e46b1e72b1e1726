/** Long answers, written piece by piece, so that neither memory nor the event loop holds them whole. */

import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Input, stringify } from 'csv-stringify/sync';
import type { FastifyReply, FastifyRequest } from 'fastify';

const rowsPerPiece = 500;

/** A value of a table's cell; null and undefined leave it empty. */
export type Cell = string | number | boolean | null | undefined;

/**
 * A CSV document (RFC 4180, lines end in LF). A text that a spreadsheet would run as a formula
 * (it begins with `=`, `+`, `-`, `@`, tab or carriage return) is preceded by an apostrophe.
 */
export function csvStream(heading: readonly string[], rows: Iterable<readonly Cell[]>): Readable {
  async function* document() {
    yield csvText([heading]);
    for await (const piece of pieces(rows)) yield csvText(piece);
  }
  return Readable.from(document(), { objectMode: false });
}

/** A JSON document: `before`, then the rows as an array, one a line, then `after`. */
export function jsonStream(before: string, rows: Iterable<unknown>, after: string): Readable {
  async function* document() {
    yield `${before}[`;
    let separator = '\n';
    for await (const piece of pieces(rows)) {
      yield separator + piece.map((row) => JSON.stringify(row)).join(',\n');
      separator = ',\n';
    }
    yield `\n]${after}\n`;
  }
  return Readable.from(document(), { objectMode: false });
}

/**
 * Answers with server-sent events (WHATWG HTML §9.2) until what `open` gave ends, or the token is
 * void. Throws what `open` throws, and `api.too-many-viewers`.
 */
export function sendEvents(
  request: FastifyRequest,
  reply: FastifyReply,
  open: () => Readable,
): FastifyReply {
  const events = request.server.openStreams.open(request.identity, open);
  return (
    reply
      .type('text/event-stream; charset=utf-8')
      // A reverse proxy that gathers an answer before it passes it on would show nothing for minutes.
      .header('x-accel-buffering', 'no')
      .send(events)
  );
}

function csvText(rows: Input): string {
  return stringify(rows, { escape_formulas: true, cast: { boolean: String } });
}

async function* pieces<T>(rows: Iterable<T>): AsyncGenerator<T[]> {
  let piece: T[] = [];
  for (const row of rows) {
    if (piece.push(row) < rowsPerPiece) continue;
    yield piece;
    piece = [];
    await nextTurn();
  }
  if (piece.length > 0) yield piece;
}
