/** Onramp's own dialect: plain JSON, one topic per device and purpose. */

import { OnrampError } from '../errors.ts';
import { deviceKey, isDirectoryId } from '../identifiers.ts';
import { limits } from '../limits.ts';
import type { RawEvent, RawReading } from '../reading.ts';
import type { Channel, Dialect } from './dialect.ts';
import { parsePayload } from './lenient-json.ts';

const topicPrefix = 'onramp/v1/';

const channels: ReadonlySet<string> = new Set<Channel>([
  'telemetry',
  'event',
  'command',
  'command/reply',
]);

/** Mistakes of one payload that are listed; a payload has room for thousands. */
const mistakesListedMax = 5;

/**
 * The native dialect.
 * - Topics are `onramp/v1/{enterprise}/{device}/` and a channel.
 * - A telemetry message is `{"seq": 42, "ts": 1543543200000, "values": {"power": 12.5}}` or an
 *   array of these, `seq` and `ts` optional; an event message
 *   `{"code": "OVER_TEMP", "severity": 2, "state": "raised", "ts": 1543543200000}` or an array.
 * - A command arrives on `command` as `{"id": "…", "command": {…}}`; its reply, on `command/reply`,
 *   is a JSON object with the same `id`.
 * - Decoding checks this shape and nothing else. What it returns are the parsed objects
 *   themselves; a bare NaN or Infinity arrives as null.
 * - A single reading is encoded as an object, several as an array. Numbers are written as
 *   JavaScript prints them; they must be finite.
 */
export const native: Dialect = {
  id: 'native',

  credentials(enterprise, device, secret) {
    return {
      clientId: deviceKey(enterprise, device),
      username: `${enterprise}/${device}`,
      password: secret,
    };
  },

  topic(enterprise, device, channel) {
    return `${topicPrefix}${enterprise}/${device}/${channel}`;
  },

  parseTopic(topic) {
    if (!topic.startsWith(topicPrefix)) return null;
    const enterpriseEnd = topic.indexOf('/', topicPrefix.length);
    const deviceEnd = topic.indexOf('/', enterpriseEnd + 1);
    if (enterpriseEnd < 0 || deviceEnd < 0) return null;
    const channel = topic.slice(deviceEnd + 1);
    if (!isChannel(channel)) return null;
    const enterprise = topic.slice(topicPrefix.length, enterpriseEnd);
    const device = topic.slice(enterpriseEnd + 1, deviceEnd);
    return isDirectoryId(enterprise) && isDirectoryId(device)
      ? { enterprise, device, channel }
      : null;
  },

  encodeReadings(readings) {
    const encoded = readings.map(
      ({ seq, timestampMs, values }) =>
        `{"seq":${seq},"ts":${timestampMs},"values":${JSON.stringify(values)}}`,
    );
    return encoded.length === 1 ? encoded[0]! : `[${encoded.join(',')}]`;
  },

  encodeEvent({ code, severity, state, timestampMs }) {
    return JSON.stringify({ code, severity, state, ts: timestampMs });
  },

  decodeReadings(payload) {
    return decode(payload, 'payload.not-a-reading', readingMistake) as RawReading[];
  },

  decodeEvents(payload) {
    return decode(payload, 'payload.not-an-event', eventMistake) as RawEvent[];
  },
};

/**
 * Splits the user name `{enterprise}/{device}` of a device or of an enterprise's gateway; null for
 * anything else, also for a claim session's `{enterprise}/claim/{claim}`.
 */
export function parseUsername(username: string): { enterprise: string; subject: string } | null {
  const slash = username.indexOf('/');
  if (slash < 0) return null;
  const enterprise = username.slice(0, slash);
  const subject = username.slice(slash + 1);
  return isDirectoryId(enterprise) && isDirectoryId(subject) ? { enterprise, subject } : null;
}

function isChannel(text: string): text is Channel {
  return channels.has(text);
}

/** One message or an array of them, each without a mistake. */
function decode(
  payload: Buffer,
  code: 'payload.not-a-reading' | 'payload.not-an-event',
  mistakeOf: (message: unknown) => string | null,
): unknown[] {
  const parsed = parsePayload(payload);
  if (!Array.isArray(parsed)) {
    const mistake = mistakeOf(parsed);
    if (mistake !== null) throw new OnrampError(code, mistake);
    return [parsed];
  }
  if (parsed.length === 0) throw new OnrampError(code, 'the array is empty');
  if (parsed.length > limits.payloadReadingsMax) {
    throw new OnrampError(
      'payload.too-many-readings',
      `${parsed.length} elements, at most ${limits.payloadReadingsMax}`,
    );
  }
  const mistakes: string[] = [];
  for (let i = 0; i < parsed.length && mistakes.length < mistakesListedMax; i++) {
    const mistake = mistakeOf(parsed[i]);
    if (mistake !== null) mistakes.push(`element ${i}: ${mistake}`);
  }
  if (mistakes.length > 0) throw new OnrampError(code, mistakes);
  return parsed;
}

function readingMistake(message: unknown): string | null {
  if (!isObject(message)) return `${kindOf(message)} instead of an object`;
  const values = message.values;
  if (isObject(values)) return null;
  return values === undefined
    ? '"values" is missing'
    : `"values" is ${kindOf(values)} instead of an object`;
}

function eventMistake(message: unknown): string | null {
  if (!isObject(message)) return `${kindOf(message)} instead of an object`;
  if (!Object.hasOwn(message, 'code')) return '"code" is missing';
  return Object.hasOwn(message, 'state') ? null : '"state" is missing';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
