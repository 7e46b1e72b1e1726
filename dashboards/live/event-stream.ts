/** Server-sent events (WHATWG HTML §9.2.6) read from bytes, as far as the gateway uses them. */

export interface ServerEvent {
  /** `message` when the stream names none. */
  readonly type: string;
  readonly data: string;
}

/** Characters of one event, snapshots are about 20,000. */
const eventCharsMax = 1_000_000;

/**
 * The events of a response body, comments left out; an event cut off by the end is dropped.
 * @throws RangeError when an event is larger than any of ours.
 */
export async function* serverEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let rest = '';
  let type = '';
  let data: string[] = [];
  let dataChars = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const ended of lines) {
        const line = ended.endsWith('\r') ? ended.slice(0, -1) : ended;
        if (line === '') {
          if (data.length > 0) yield { type: type || 'message', data: data.join('\n') };
          type = '';
          data = [];
          dataChars = 0;
        } else if (line.startsWith('data:')) {
          data.push(valueIn(line));
          dataChars += line.length;
        } else if (line.startsWith('event:')) type = valueIn(line);
      }
      if (rest.length + dataChars > eventCharsMax) throw new RangeError('the event is too large');
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** What follows the colon, less one space. */
function valueIn(line: string): string {
  const value = line.slice(line.indexOf(':') + 1);
  return value.startsWith(' ') ? value.slice(1) : value;
}
