/** Text from elsewhere on a terminal. */

/**
 * Control characters (Unicode category Cc), separators of lines and paragraphs, and what turns the
 * direction of writing (Unicode Standard Annex #9 §2).
 */
const controls = /[\p{Cc}\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** `text` with a space for whatever would control the terminal, or forge a line of its own. */
export function printable(text: string): string {
  return text.replace(controls, ' ');
}
