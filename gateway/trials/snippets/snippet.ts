/** A text that connects one device when it is pasted somewhere: a command, a program, a flow. */

import type { BothLanguages } from '../../device-events/event-phrases.ts';
import type { MqttAddress } from '../endpoint.ts';

export const snippetLanguages = ['shell', 'powershell', 'python', 'javascript', 'json'] as const;

export type SnippetLanguage = (typeof snippetLanguages)[number];

export interface Snippet {
  readonly id: string;
  readonly title: BothLanguages;
  readonly language: SnippetLanguage;
  readonly text: string;
}

/** What a snippet is filled in with. */
export interface SnippetValues {
  readonly clientId: string;
  readonly username: string;
  readonly password: string;
  readonly topic: string;
  /** A payload, JSON. */
  readonly sample: string;
  readonly mqtt: MqttAddress;
}

/** A kind of snippet. */
export interface SnippetKind extends Omit<Snippet, 'text'> {
  /** Null where it does not apply. */
  text(values: SnippetValues): string | null;
}

/** `text` as one word of a POSIX shell (POSIX.1-2017 §2.2). */
export function shellWord(text: string): string {
  if (/^[\w./:@%+=-]+$/.test(text)) return text;
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/**
 * `text`, which is ASCII, as a literal of PowerShell (about_Quoting_Rules: in single quotes nothing
 * but a single quote means anything).
 */
export function powershellLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * A JSON value as a literal of Python. A string literal of JSON is one of Python too: Python has all
 * of its escapes (Python reference §2.4.1).
 */
export function pythonLiteral(value: unknown): string {
  if (value === null || value === undefined) return 'None';
  if (value === true) return 'True';
  if (value === false) return 'False';
  if (Array.isArray(value)) return `[${value.map(pythonLiteral).join(', ')}]`;
  if (typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value).map(
    ([name, member]) => `${JSON.stringify(name)}: ${pythonLiteral(member)}`,
  );
  return `{${members.join(', ')}}`;
}

/** A JSON value as a literal of JavaScript (JSON is a part of it since ECMAScript 2019). */
export function javascriptLiteral(value: unknown): string {
  return JSON.stringify(value);
}

/** A URL's `host:port`; an IPv6 address stands in brackets (RFC 3986 §3.2.2). */
export function authority(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
