/**
 * What a gateway does again and again: grants its workers room, says whether it is ready, forgets
 * what is old.
 */

import type { Clock, Timer } from '../model/clock.ts';
import { errorTable, messageOf } from '../model/errors.ts';
import type { JournalRoom } from './fairness/journal-room.ts';
import type { RateShares } from './fairness/rate-shares.ts';
import type { SizedSettings } from './processes/sized-settings.ts';
import type { WorkerPool } from './processes/worker-pool.ts';
import type { Lives } from './registry/lives.ts';
import type { DeadLetters } from './shipping/dead-letters.ts';
import type { StatusBoard } from './status/status-board.ts';
import type { Store } from './stores/store.ts';

export interface UpkeepOptions {
  readonly settings: SizedSettings;
  readonly clock: Clock;
  readonly log: { info(message: string): void; warn(message: string): void };
  readonly room: Pick<JournalRoom, 'measure' | 'grant'>;
  readonly workers: Pick<WorkerPool, 'broadcast' | 'stats'>;
  readonly board: Pick<StatusBoard, 'tick' | 'notReady'>;
  readonly rates: Pick<RateShares, 'shares'>;
  readonly store: Pick<Store, 'prune'>;
  readonly deadLetters: Pick<DeadLetters, 'prune'>;
  readonly registry: { readonly lives: Pick<Lives, 'pruneAudit'> };
}

const roomIntervalMs = 500;
const secondMs = 1000;
const pruneIntervalMs = 3_600_000;

export class Upkeep {
  readonly #options: UpkeepOptions;
  readonly #timers: Timer[] = [];
  #notReady = '';
  #unreadableKeys = false;

  constructor(options: UpkeepOptions) {
    this.#options = options;
  }

  start(): void {
    const { clock } = this.#options;
    this.#timers.push(
      clock.every(roomIntervalMs, () => void this.grantRoom()),
      clock.every(secondMs, () => this.#tick()),
      clock.every(pruneIntervalMs, () => void this.#prune()),
    );
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
  }

  /** Measures the journal and tells every worker how much it may write. */
  async grantRoom(): Promise<void> {
    const { clock, log, room, settings, workers } = this.#options;
    try {
      await room.measure(clock.nowMs());
      const grant = room.grant(settings.workers, settings.enterprises.journalShare);
      workers.broadcast({ type: 'room', ...grant });
    } catch (error) {
      log.warn(`The journal could not be measured: ${messageOf(error)}`);
    }
  }

  #tick(): void {
    const { board, rates, workers } = this.#options;
    board.tick();
    this.#logReadiness(board.notReady().join(' '));
    this.#logUnreadableKeys();
    const shares = rates.shares();
    if (shares.length > 0) workers.broadcast({ type: 'rate-shares', shares });
  }

  /** Says once when the gateway takes nothing more, and once when it does again. */
  #logReadiness(notReady: string): void {
    const { log } = this.#options;
    if (notReady === this.#notReady) return;
    this.#notReady = notReady;
    if (notReady === '') log.info('Ready again.');
    else log.warn(notReady);
  }

  /** Said once: the devices are only refused, and their people cannot mend it. */
  #logUnreadableKeys(): void {
    const { log, workers } = this.#options;
    const code = 'group.key-unreadable';
    if (this.#unreadableKeys || !workers.stats().some(({ refusals }) => refusals[code])) return;
    this.#unreadableKeys = true;
    log.warn(`${code}: ${errorTable[code].en}`);
  }

  /** Each by itself: a store that cannot forget keeps nobody else from it. */
  async #prune(): Promise<void> {
    const { clock, deadLetters, registry, settings, store } = this.#options;
    const { audit, deadLetters: letters, rows } = settings.retention;
    const nowMs = clock.nowMs();
    if (rows !== null) await this.#forget('Rows', () => store.prune(nowMs - rows));
    await this.#forget('Dead letters', () => deadLetters.prune(nowMs - letters));
    await this.#forget('The audit trail', () => registry.lives.pruneAudit(nowMs - audit));
  }

  async #forget(what: string, prune: () => Promise<unknown>): Promise<void> {
    try {
      await prune();
    } catch (error) {
      const { log } = this.#options;
      log.warn(`${what}: what is old could not be removed, trying later: ${messageOf(error)}`);
    }
  }
}
