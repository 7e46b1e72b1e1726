/** What came of an attempt, and what that means. Pure. */

/**
 * In words: `connack 5` (refused), `connected`, `closed` (a session), `closed before connack`,
 * `silent`, `puback`, `pubrec`, `taken` (at QoS 0, and the session lives), `suback 128`, `suback 1`,
 * `received {topic}`, `answer ok` and `answer {code}` (to a claim); of HTTP the status and the code
 * of the problem, `404 registry.not-found`, and `told apart` or `shows {text}`.
 */
export type Outcome = string;

/** `held`: what had to come of it. `leak`: got through. `unexpected`: neither. */
export type Judgement = 'held' | 'leak' | 'unexpected';

/** Answers that mean: it was done, or something was learnt. */
const success =
  /^(connected|puback|pubrec|taken|suback [012]|received .*|answer ok|told apart|shows .*|2\d\d.*)$/;

/** Judges `outcome` by the one that is expected, which may be a success. */
export function judge(expected: Outcome, outcome: Outcome): Judgement {
  if (outcome === expected) return 'held';
  return success.test(outcome) ? 'leak' : 'unexpected';
}

/** Counts judgements and remembers the first of what went wrong. */
export class Tally {
  probes = 0;
  leaks = 0;
  /** Of these, effects that could be seen. */
  traces = 0;
  unexpected = 0;
  /** Of these, attempts that nobody answered in time. */
  silent = 0;
  readonly examples: string[] = [];
  readonly #examplesMax: number;

  constructor(examplesMax = 20) {
    this.#examplesMax = examplesMax;
  }

  /** Notes what came of the attempt `what`. */
  note(what: string, expected: Outcome, outcome: Outcome): void {
    this.probes++;
    const judgement = judge(expected, outcome);
    if (judgement === 'leak') this.leaks++;
    else if (judgement === 'unexpected') this.unexpected++;
    if (judgement === 'unexpected' && outcome === 'silent') this.silent++;
    if (judgement !== 'held') this.#example(`${judgement}: ${what}: ${outcome}, not ${expected}`);
  }

  /** Notes an effect that can be seen: somebody got through, whatever the answer was. */
  leaked(what: string): void {
    this.leaks++;
    this.traces++;
    this.#example(`leak: ${what}`);
  }

  /** Notes that the suite itself could not do what it wanted. */
  surprised(what: string): void {
    this.unexpected++;
    this.#example(`unexpected: ${what}`);
  }

  #example(text: string): void {
    if (this.examples.length < this.#examplesMax) this.examples.push(text);
  }
}
