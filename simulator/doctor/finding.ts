/** What a step of the doctor finds, and what steps have in common. */

import { type Sentence, type SentenceId, sentences } from './sentences.ts';
import type { Visit } from './visit.ts';

/** The steps, in their order. */
export type StepId = 'name' | 'port' | 'tls' | 'connect' | 'permission' | 'payload' | 'row';

/** `note` is worth knowing and not wrong; `not-checked` says why. */
export type Verdict = 'ok' | 'note' | 'wrong' | 'not-checked';

export interface Finding {
  readonly step: StepId;
  readonly verdict: Verdict;
  readonly id: SentenceId;
  readonly text: Sentence;
}

/** One thing that can be wrong with a connection. */
export interface Step {
  readonly id: StepId;
  /** True when nothing after it can be checked once something is wrong here. */
  readonly decisive: boolean;
  /** Says what it finds as it finds it. Rejects only on a mistake in the doctor. */
  run(visit: Visit, found: (finding: Finding) => void): Promise<void>;
}

/** The facts that a sentence needs. */
type Facts<Id extends SentenceId> = Parameters<(typeof sentences)[Id]>;

/** A finding with its sentence. */
export function finding<Id extends SentenceId>(
  step: StepId,
  verdict: Verdict,
  id: Id,
  ...facts: Facts<Id>
): Finding {
  const sentence = sentences[id] as (...given: Facts<Id>) => Sentence;
  return { step, verdict, id, text: sentence(...facts) };
}
