/** What a platform answers to a claim. */

/** The answer, as far as a device must understand it. */
export type ProvisioningAnswer =
  | {
      readonly status: 'ok';
      readonly clientId: string;
      readonly username: string;
      readonly password: string;
      readonly topic: string;
    }
  | { readonly status: 'refused'; readonly code: string };

/** Characters of a credential's parts that a device takes. */
const textCharsMax = 512;

/** What a code looks like; anything else is counted as `refused`. */
const codePattern = /^[a-z][a-z0-9.-]{0,63}$/;

/** What a device sends to claim its credential. */
export function provisioningRequest(serial: string, profile: string): string {
  return JSON.stringify({ serial, profile });
}

/** Reads `{"status": "ok", …}` or `{"status": "refused", …}`; null for anything else. */
export function parseProvisioningAnswer(payload: string): ProvisioningAnswer | null {
  let answer: unknown;
  try {
    answer = JSON.parse(payload);
  } catch {
    return null;
  }
  if (typeof answer !== 'object' || answer === null) return null;
  const { status, code, clientId, username, password, topic } = answer as Record<string, unknown>;
  if (status === 'refused') {
    const known = typeof code === 'string' && codePattern.test(code);
    return { status, code: known ? code : 'refused' };
  }
  if (status !== 'ok') return null;
  if (!isText(clientId) || !isText(username) || !isText(password) || !isText(topic)) return null;
  return { status, clientId, username, password, topic };
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= textCharsMax;
}
