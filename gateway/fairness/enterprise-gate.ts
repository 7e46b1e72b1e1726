/**
 * Stands before the pipeline, so that one noisy enterprise cannot slow the others: sessions of an
 * enterprise in this worker are counted, and of its messages only as many go on as it may send a
 * second. The others of its messages wait here, apart from everybody else's, which is natural
 * back-pressure at QoS 1; beyond two seconds' worth they are turned away.
 */

import type { Clock, Timer } from '../../model/clock.ts';
import type { ErrorCode } from '../../model/errors.ts';
import { limits } from '../../model/limits.ts';
import type { EnterpriseRate, RateShare } from '../processes/messages.ts';
import type { EnterpriseLimits } from '../registry/registry.ts';
import { contentBytes, type MessageSink, type SourceMessage } from '../sources/source.ts';
import { costOf, EnterpriseAllowance } from './enterprise-allowance.ts';

export interface EnterpriseGateOptions {
  readonly clock: Clock;
  /** Where messages go on to: the pipeline. */
  readonly sink: MessageSink;
  /** True while an enterprise may add nothing more to the journal. */
  readonly exceedsJournalShare: (enterprise: string) => boolean;
  /** For enterprises that have no limits of their own, and until they have been read. */
  readonly defaults: { readonly sessionsMax: number; readonly messagesPerSecondMax: number };
  /** `RegistryReader.enterpriseLimits`. May reject: it is asked again at the next session. */
  readonly limitsOf: (enterprise: string) => Promise<EnterpriseLimits>;
  readonly workers: number;
}

/** Of what sort a session is. */
type SessionKind = 'device' | 'gateway' | 'claim';

const tickMs = 20;
/** What waits in vain is looked for every so many ticks. */
const ticksPerSweep = 25;
const forgetFrom = 1024;

export class EnterpriseGate implements MessageSink {
  readonly #options: EnterpriseGateOptions;
  readonly #enterprises = new Map<string, EnterpriseAllowance>();
  /** Those of whom something waits. */
  readonly #waiters = new Set<EnterpriseAllowance>();
  #waiting = 0;
  #waitingBytes = 0;
  #timer: Timer | null = null;
  #forgetAt = forgetFrom;
  #ticks = 0;
  #closed = false;

  constructor(options: EnterpriseGateOptions) {
    this.#options = options;
  }

  /** As the sink: the gate itself never keeps new sessions out. */
  get accepting(): boolean {
    return this.#options.sink.accepting;
  }

  /** Messages that wait here. */
  get waiting(): number {
    return this.#waiting;
  }

  /**
   * Counts a session in, or says why it may not begin: `enterprise.sessions-exceeded`, or
   * `enterprise.journal-share-exceeded`, for its first message would end it. Claim sessions are
   * counted apart, and have nothing to do with the journal: `claim.sessions-exceeded`. For every
   * session let in, `sessionClosed` is to be called once.
   *
   * Only this worker's sessions are known here. The supervisor keeps the limits across workers: a
   * session that is beyond them only there is let in, and closed with the same code a moment after
   * its CONNACK.
   */
  admitSession(enterprise: string, kind: SessionKind = 'device'): ErrorCode | null {
    if (kind === 'claim') return this.#admitClaim(enterprise);
    if (this.#options.exceedsJournalShare(enterprise)) return 'enterprise.journal-share-exceeded';
    const allowance = this.#of(enterprise);
    if (!allowance.known) this.#read(allowance);
    if (allowance.sessions >= allowance.sessionsMax) {
      return 'enterprise.sessions-exceeded';
    }
    allowance.sessions++;
    return null;
  }

  sessionClosed(enterprise: string, kind: SessionKind = 'device'): void {
    const allowance = this.#enterprises.get(enterprise);
    if (allowance === undefined) return;
    if (kind === 'claim') allowance.claimSessions--;
    else allowance.sessions--;
  }

  #admitClaim(enterprise: string): ErrorCode | null {
    const allowance = this.#of(enterprise);
    if (allowance.claimSessions >= limits.claimSessionsPerEnterpriseMax) {
      return 'claim.sessions-exceeded';
    }
    allowance.claimSessions++;
    return null;
  }

  /** The limits of an enterprise were changed: reads them anew. */
  refresh(enterprise: string): void {
    const allowance = this.#enterprises.get(enterprise);
    if (allowance !== undefined) this.#read(allowance);
  }

  /** What this worker may take from now on, of enterprises that send through several workers. */
  share(shares: readonly RateShare[]): void {
    for (const { enterprise, perSecond } of shares) {
      const allowance = this.#enterprises.get(enterprise);
      if (allowance === undefined) continue;
      allowance.sharePerSecond = perSecond;
      this.#trim(allowance);
    }
  }

  /**
   * What arrived since the last call, to be called once a second: of enterprises that may exceed
   * their limit across workers, and of those that have a share.
   */
  rates(): EnterpriseRate[] {
    const rates: EnterpriseRate[] = [];
    for (const allowance of this.#enterprises.values()) {
      const { enterprise, offered, limitPerSecond, sharePerSecond } = allowance;
      allowance.offered = 0;
      // Fewer than this from every worker are half of the limit at most.
      const relevant = offered > limitPerSecond / (2 * this.#options.workers);
      if (relevant || sharePerSecond !== null) {
        rates.push({ enterprise, offeredPerSecond: offered, limitPerSecond });
      }
    }
    return rates;
  }

  submit(message: SourceMessage): void {
    const { sink } = this.#options;
    const allowance = this.#of(message.enterprise);
    const cost = costOf(message);
    allowance.offered += cost;
    allowance.refill(message.arrivedAtMs, !sink.accepting);
    if (message.excess || this.#closed) {
      // For the sink to turn away.
      sink.submit(message);
    } else if (allowance.waiting === 0 && allowance.hasTokens) {
      allowance.spend(cost);
      sink.submit(message);
    } else if (allowance.overfull || this.#waitingBytes >= limits.gateWaitingBytesMax) {
      sink.turnAway(message, this.#reason);
    } else {
      this.#wait(allowance, message);
    }
  }

  turnAway(message: SourceMessage, code: ErrorCode): void {
    this.#options.sink.turnAway(message, code);
  }

  /** Turns away what waits; what comes from now on is for the sink to judge. */
  close(): void {
    this.#closed = true;
    for (const allowance of this.#waiters) {
      for (let next = allowance.shift(); next !== undefined; next = allowance.shift()) {
        this.#left(next);
        this.#options.sink.turnAway(next, this.#reason);
      }
    }
    this.#rest();
  }

  /** A pipeline that takes nothing holds everybody up: then it is not the enterprise's doing. */
  get #reason(): ErrorCode {
    return this.#options.sink.accepting ? 'enterprise.rate-exceeded' : 'publish.in-flight-exceeded';
  }

  #of(enterprise: string): EnterpriseAllowance {
    const known = this.#enterprises.get(enterprise);
    if (known !== undefined) return known;
    const { clock, defaults } = this.#options;
    const nowMs = clock.monotonicMs();
    if (this.#enterprises.size >= this.#forgetAt) this.#forget(nowMs);
    const { sessionsMax, messagesPerSecondMax } = defaults;
    const made = new EnterpriseAllowance(enterprise, sessionsMax, messagesPerSecondMax, nowMs);
    this.#enterprises.set(enterprise, made);
    return made;
  }

  /** Who has no session and nothing spent is as good as new. */
  #forget(nowMs: number): void {
    for (const [enterprise, allowance] of this.#enterprises) {
      const sessions = allowance.sessions + allowance.claimSessions;
      if (sessions === 0 && allowance.isRested(nowMs)) this.#enterprises.delete(enterprise);
    }
    this.#forgetAt = Math.max(forgetFrom, this.#enterprises.size * 2);
  }

  #read(allowance: EnterpriseAllowance): void {
    const { defaults, limitsOf } = this.#options;
    const reading = ++allowance.reading;
    allowance.known = true;
    limitsOf(allowance.enterprise).then(
      ({ sessionsMax, messagesPerSecondMax }) => {
        if (reading !== allowance.reading) return;
        allowance.sessionsMax = sessionsMax ?? defaults.sessionsMax;
        allowance.limitPerSecond = messagesPerSecondMax ?? defaults.messagesPerSecondMax;
        this.#trim(allowance);
      },
      () => {
        if (reading === allowance.reading) allowance.known = false;
      },
    );
  }

  /** Under a lower limit the newest of what waits is too much. */
  #trim(allowance: EnterpriseAllowance): void {
    while (allowance.overfull && allowance.waiting > 1) {
      const newest = allowance.pop();
      if (newest === undefined) return;
      this.#left(newest);
      this.#options.sink.turnAway(newest, this.#reason);
    }
  }

  #wait(allowance: EnterpriseAllowance, message: SourceMessage): void {
    allowance.push(message);
    this.#waiting++;
    this.#waitingBytes += contentBytes(message);
    this.#waiters.add(allowance);
    this.#timer ??= this.#options.clock.every(tickMs, () => this.#tick());
  }

  #left(message: SourceMessage): void {
    this.#waiting--;
    this.#waitingBytes -= contentBytes(message);
  }

  #tick(): void {
    const nowMs = this.#options.clock.monotonicMs();
    const sweep = ++this.#ticks % ticksPerSweep === 0;
    for (const allowance of this.#waiters) {
      if (sweep) this.#sweep(allowance, nowMs);
      this.#forward(allowance, nowMs);
      if (allowance.waiting === 0) this.#waiters.delete(allowance);
    }
    if (this.#waiters.size === 0) this.#rest();
  }

  /** Nobody is to wait longer than it may for tokens that do not come. */
  #sweep(allowance: EnterpriseAllowance, nowMs: number): void {
    for (const message of allowance.takeOut((waiting) => isLate(waiting, nowMs))) {
      this.#left(message);
      this.#options.sink.turnAway(message, 'publish.ack-wait-exceeded');
    }
  }

  #forward(allowance: EnterpriseAllowance, nowMs: number): void {
    const { sink } = this.#options;
    allowance.refill(nowMs, !sink.accepting);
    while (allowance.hasTokens) {
      const message = allowance.shift();
      if (message === undefined) return;
      this.#left(message);
      if (isLate(message, nowMs)) {
        sink.turnAway(message, 'publish.ack-wait-exceeded');
      } else if (!message.bestEffort && message.session?.closed === true) {
        // Its sender sends it again; whoever sent at QoS 0 and left does not.
        sink.turnAway(message, this.#reason);
      } else {
        allowance.spend(costOf(message));
        sink.submit(message);
      }
    }
  }

  #rest(): void {
    this.#waiters.clear();
    this.#timer?.cancel();
    this.#timer = null;
  }
}

function isLate(message: SourceMessage, nowMs: number): boolean {
  return nowMs - message.arrivedAtMs > message.ackWaitMs;
}
