/** What supervisor and workers tell each other. */

import type { ErrorCode } from '../../model/errors.ts';
import type { SentError } from '../../model/sent-error.ts';
import type { CommandOutcome, OutgoingCommand } from '../device-commands/device-command.ts';
import type { DeviceEvent } from '../device-events/device-event.ts';
import type { WorkerCounters } from '../journal/commit.ts';
import type { Question } from '../onboarding/questions.ts';
import type { SourceAddress } from '../sources/source.ts';
import type { SessionBatch } from './session-batch.ts';
import type { SizedSettings } from './sized-settings.ts';

export type ToWorker =
  | {
      readonly type: 'start';
      readonly settings: SizedSettings;
      readonly generation: string;
      /** The journal may grow by this much until the next `room`. */
      readonly roomBytes: number;
      readonly tls: { readonly key: string; readonly cert: string } | null;
      /** The port the first worker got, when 0 was asked for. */
      readonly ports: { readonly mqtt: number; readonly mqttTls: number | null };
    }
  /** The journal may grow by `bytes` from now on. */
  | ({ readonly type: 'room' } & RoomGrant)
  /** What this worker may take of enterprises whose messages come through several workers. */
  | { readonly type: 'rate-shares'; readonly shares: readonly RateShare[] }
  /** These sessions of this worker end: taken over elsewhere, or one too many of an enterprise. */
  | {
      readonly type: 'end-sessions';
      readonly code: ErrorCode;
      readonly numbers: readonly number[];
    }
  /** Sessions of these devices and gateways (keys) end; what is known of them is read anew. */
  | { readonly type: 'shut-out'; readonly code: ErrorCode; readonly keys: readonly string[] }
  /** The limits of an enterprise are to be read anew. */
  | { readonly type: 'limits'; readonly enterprise: string }
  /** Events of these devices (keys), and of no others, are wanted. */
  | { readonly type: 'watch'; readonly devices: readonly string[] }
  | { readonly type: 'answers'; readonly answers: readonly Answered[] }
  | { readonly type: 'commands'; readonly commands: readonly OutgoingCommand[] }
  | { readonly type: 'stop' };

export type FromWorker =
  | { readonly type: 'ready'; readonly address: SourceAddress }
  | { readonly type: 'stats'; readonly stats: WorkerStats }
  /** Gathered for a few milliseconds; in the order in which it happened. */
  | { readonly type: 'sessions'; readonly batch: SessionBatch }
  | { readonly type: 'questions'; readonly questions: readonly Asked[] }
  | { readonly type: 'command-outcomes'; readonly outcomes: readonly CommandOutcome[] }
  | { readonly type: 'device-events'; readonly events: readonly DeviceEvent[] }
  /** Once a second, where there are several workers. */
  | { readonly type: 'rates'; readonly rates: readonly EnterpriseRate[] }
  | ({ readonly type: 'failed' } & SentError);

/** How much one worker's journal may grow. */
export interface RoomGrant {
  readonly bytes: number;
  /** Null while the store keeps up, or holds back no more than one enterprise may add. */
  readonly backlog: JournalBacklog | null;
}

/** More than one share of the journal waits, because the store takes less than arrives. */
export interface JournalBacklog {
  /** Bytes each enterprise may add in one worker until the backlog is gone. */
  readonly shareBytes: number;
  /** More than one enterprise has written since it began, whatever the worker. */
  readonly contended: boolean;
}

/** Messages (a long one counts several times) that arrived of an enterprise in the last second. */
export interface EnterpriseRate {
  readonly enterprise: string;
  readonly offeredPerSecond: number;
  /** What the enterprise may send through all workers. */
  readonly limitPerSecond: number;
}

/** Null: the whole limit of the enterprise. */
export interface RateShare {
  readonly enterprise: string;
  readonly perSecond: number | null;
}

/** A worker's question, by a number of its own. */
export interface Asked {
  readonly id: number;
  readonly question: Question;
}

/** What became of a question. */
export interface Answered {
  readonly id: number;
  readonly answer: unknown;
  readonly failure: SentError | null;
}

/** A worker's totals since its generation began, sent once a second. */
export interface WorkerStats {
  readonly generation: string;
  readonly pid: number;
  readonly counters: Readonly<WorkerCounters>;
  /** Messages that wait for their commit. */
  readonly waiting: number;
  /** Enterprises that have written since the journal's backlog began, two at most. */
  readonly backlogWriters?: readonly string[] | undefined;
  /** The journal takes nothing at the moment. */
  readonly blocked: boolean;
  readonly sessions: number;
  readonly connects: number;
  readonly disconnects: number;
  readonly refusals: Readonly<Partial<Record<ErrorCode, number>>>;
  readonly rssBytes: number;
  readonly cpuS: number;
  readonly commits: number;
}
