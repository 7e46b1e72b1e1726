/**
 * Values of a stranger's payload, put into words safely: bounded, and never by their own methods.
 */

const charsMax = 60;

/** A value for a message to people. */
export function shown(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? JSON.stringify(value) : String(value);
  return text.length > charsMax ? `${text.slice(0, charsMax)}…` : text;
}

/**
 * JSON of a value that came out of JSON; empty when it is nested too deeply to be written again.
 */
export function toJson(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '';
  }
}
