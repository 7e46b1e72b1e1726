/** Text in the encodings that spreadsheets save: UTF-8, GB18030 (with GBK and GB 2312), UTF-16. */

import { isAscii } from 'node:buffer';
import { type ErrorCode, OnrampError } from '../../../model/errors.ts';

/** Pieces of a file. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

export const textEncodings = ['utf-8', 'gb18030', 'utf-16le', 'utf-16be'] as const;

/** Names of the WHATWG Encoding Standard. */
export type TextEncoding = (typeof textEncodings)[number];

/** What is decoded in one go, so that a file in one buffer does not hold up the event loop. */
const pieceBytes = 32 * 1024;

/** From the first byte that is not ASCII on, what is looked at to tell UTF-8 from GB18030. */
const looksBytes = 64 * 1024;

const byteOrderMarks: readonly (readonly [TextEncoding, readonly number[]])[] = [
  ['utf-8', [0xef, 0xbb, 0xbf]],
  ['utf-16le', [0xff, 0xfe]],
  ['utf-16be', [0xfe, 0xff]],
];
const markBytesMax = 3;

/**
 * The text of a file, piece by piece, without its byte order mark. Unless the encoding is given, it
 * is the one of the byte order mark; else UTF-8 when the first 64 KiB from the first byte that is
 * not ASCII are UTF-8; else GB18030. Reading throws `code`, naming the line, for bytes that are
 * not text in the encoding taken.
 */
export class DecodedText implements AsyncIterable<string> {
  readonly #source: ByteSource;
  readonly #code: ErrorCode;
  readonly #given: TextEncoding | null;
  #encoding: TextEncoding = 'utf-8';
  #line = 1;

  constructor(source: ByteSource, code: ErrorCode, given: TextEncoding | null = null) {
    this.#source = source;
    this.#code = code;
    this.#given = given;
  }

  /** The encoding taken, final when the text was read; what is all ASCII counts as UTF-8. */
  get encoding(): TextEncoding {
    return this.#encoding;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<string> {
    const pieces = piecesOf(this.#source);
    try {
      const held = await firstBytes(pieces, markBytesMax);
      const certain = this.#given ?? markOf(held);
      if (certain === null) yield* this.#undecided(held, pieces);
      else yield* this.#decode(certain, held, pieces);
    } finally {
      await pieces.return(undefined);
    }
  }

  /** ASCII is the same in both encodings, so that nothing has to wait before it ends. */
  async *#undecided(first: Buffer, rest: AsyncIterator<Uint8Array>): AsyncGenerator<string> {
    let held = first;
    while (isAscii(held)) {
      yield this.#counted(held.toString('latin1'));
      const next = await rest.next();
      if (next.done) return;
      held = Buffer.from(next.value);
    }
    const more = await firstBytes(rest, looksBytes);
    const ended = more.length < looksBytes;
    held = Buffer.concat([held, more]);
    const likely = (['utf-8', 'gb18030'] as const).find((each) => isTextIn(each, held, ended));
    if (likely === undefined) throw this.#notText('utf-8', held, 'neither UTF-8 nor GB18030');
    yield* this.#decode(likely, held, rest);
  }

  async *#decode(
    encoding: TextEncoding,
    held: Buffer,
    rest: AsyncIterator<Uint8Array>,
  ): AsyncGenerator<string> {
    this.#encoding = encoding;
    const decoder = new TextDecoder(encoding, { fatal: true });
    // The line that goes on in the next piece, whose first character may have begun in it.
    let begun: Uint8Array = new Uint8Array();
    for await (const piece of piecesOf(chained(held, rest))) {
      const decode = () => decoder.decode(piece, { stream: true });
      yield this.#counted(this.#attempt([begun, piece], decode));
      begun = encoding.startsWith('utf-16') ? begun : piece.subarray(piece.lastIndexOf(0x0a) + 1);
    }
    yield this.#attempt([begun], () => decoder.decode());
  }

  #attempt(line: readonly Uint8Array[], decode: () => string): string {
    try {
      return decode();
    } catch (error) {
      if (!isEncodingError(error)) throw error;
      const name = this.#encoding.toUpperCase();
      throw this.#notText(this.#encoding, Buffer.concat(line), `not ${name}`, error);
    }
  }

  #counted(text: string): string {
    this.#line += lineEnds(text);
    return text;
  }

  #notText(encoding: TextEncoding, bytes: Buffer, what: string, cause?: unknown): OnrampError {
    // The replacement character stands where the first bad byte is.
    const before = new TextDecoder(encoding).decode(bytes).split('\ufffd', 1)[0]!;
    const line = this.#line + lineEnds(before);
    const advice = 'save the file as "CSV UTF-8", or name its encoding';
    return new OnrampError(this.#code, `line ${line} is ${what} text: ${advice}`, cause);
  }
}

/** Decodes UTF-8 piece by piece. Throws `code` when the bytes are not UTF-8. */
export function utf8Text(source: ByteSource, code: ErrorCode): AsyncIterable<string> {
  return new DecodedText(source, code, 'utf-8');
}

/** At least `bytes` bytes of the source, or all that are left. */
async function firstBytes(pieces: AsyncIterator<Uint8Array>, bytes: number): Promise<Buffer> {
  const held: Uint8Array[] = [];
  let count = 0;
  while (count < bytes) {
    const next = await pieces.next();
    if (next.done) break;
    held.push(next.value);
    count += next.value.length;
  }
  return Buffer.concat(held);
}

async function* piecesOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  for await (const bytes of source) {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield bytes.subarray(at, at + pieceBytes);
  }
}

async function* chained(
  held: Uint8Array,
  rest: AsyncIterator<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield held;
  for (;;) {
    const next = await rest.next();
    if (next.done) return;
    yield next.value;
  }
}

function markOf(bytes: Uint8Array): TextEncoding | null {
  const found = byteOrderMarks.find(([, mark]) => mark.every((byte, i) => bytes[i] === byte));
  return found?.[0] ?? null;
}

/** True when `bytes` are text; unless the file has `ended`, the last character may be cut. */
function isTextIn(encoding: TextEncoding, bytes: Uint8Array, ended: boolean): boolean {
  try {
    new TextDecoder(encoding, { fatal: true }).decode(bytes, { stream: !ended });
    return true;
  } catch {
    return false;
  }
}

function lineEnds(text: string): number {
  return text.split('\n').length - 1;
}

function isEncodingError(error: unknown): boolean {
  return (
    error instanceof TypeError &&
    'code' in error &&
    error.code === 'ERR_ENCODING_INVALID_ENCODED_DATA'
  );
}
