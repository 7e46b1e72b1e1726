/** Many requests of machines in few transactions, each answered as if it were alone. */

import type { DatabaseSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { OnrampError } from '../../../model/errors.ts';
import { limits } from '../../../model/limits.ts';
import type { RegistryConnection } from './sqlite-part.ts';

/**
 * Answers `requests`, up to `provisionBatchMax` in one transaction: they share a wait for the disk.
 */
export async function inBatches<Request, Answer>(
  connection: RegistryConnection,
  requests: readonly Request[],
  answerAll: (batch: readonly Request[]) => readonly Answer[],
): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let at = 0; at < requests.length; at += limits.provisionBatchMax) {
    if (at > 0) await nextTurn();
    const batch = requests.slice(at, at + limits.provisionBatchMax);
    answers.push(...(await connection.write(() => answerAll(batch))));
  }
  return answers;
}

/**
 * Answers each request by itself within the caller's transaction: of one that is refused, nothing
 * remains but what `refused` does. Throws only when the file fails.
 */
export function eachApart<Request, Answer>(
  db: DatabaseSync,
  requests: readonly Request[],
  answer: (request: Request) => Answer,
  refused: (request: Request, error: OnrampError) => void = () => undefined,
): (Answer | OnrampError)[] {
  return requests.map((request) => {
    db.exec('SAVEPOINT apart');
    let given: Answer | OnrampError;
    try {
      given = answer(request);
    } catch (error) {
      if (!(error instanceof OnrampError)) throw error;
      db.exec('ROLLBACK TO apart');
      refused(request, error);
      given = error;
    }
    db.exec('RELEASE apart');
    return given;
  });
}

/** The only answer, or throws what it was refused with. */
export function onlyAnswer<Answer>([answer]: readonly (Answer | OnrampError)[]): Answer {
  if (answer instanceof OnrampError) throw answer;
  return answer!;
}
