/** What the gateway says when it refuses: a problem document (RFC 9457), for people. */

import type { errorTable } from '../../model/errors.ts';
import type { Name } from '../../model/profile.ts';
import { dictionary } from './i18n.ts';

interface Problem {
  readonly code: string;
  readonly title: string;
  readonly messageZh: string;
  readonly detail?: string;
}

/** Its sentence is for those who write programs; a page has its own. */
const unauthorized: keyof typeof errorTable = 'api.unauthorized';

/** Why a response is not a success; its HTTP status when the answer is not one of the gateway's. */
export async function refusalOf(response: Response): Promise<Name> {
  const problem = problemIn(await response.text().catch(() => ''));
  if (problem === null) {
    return { en: `HTTP ${response.status}`, zh: `HTTP ${response.status}` };
  }
  if (problem.code === unauthorized) return dictionary['token.refused'];
  const { title, messageZh, detail } = problem;
  return detail
    ? { en: `${title} ${detail}`, zh: `${messageZh} ${detail}` }
    : { en: title, zh: messageZh };
}

/** Null when `text` is no problem document of the gateway. */
function problemIn(text: string): Problem | null {
  try {
    const parsed = JSON.parse(text) as Partial<Problem> | null;
    const { code, title, messageZh } = parsed ?? {};
    const whole = [code, title, messageZh].every((part) => typeof part === 'string');
    return whole ? (parsed as Problem) : null;
  } catch {
    return null;
  }
}
