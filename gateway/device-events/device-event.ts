/** What just happened to one device, for the person who is connecting it. */

import type { Readable } from 'node:stream';
import type { ErrorCode } from '../../model/errors.ts';

/**
 * - `connected`, `disconnected`: its session (of a gateway: the gateway's).
 * - `refused`: a CONNECT, publish or subscription that was refused; `code` says why.
 * - `accepted`: a reading or alarm is on disk.
 * - `reading-refused`, `field-refused`: by the check or the store.
 * - `first-row`: its first row is in the store. `state`: its life-cycle state changed.
 */
export type DeviceEventKind =
  | 'connected'
  | 'disconnected'
  | 'refused'
  | 'accepted'
  | 'reading-refused'
  | 'field-refused'
  | 'first-row'
  | 'state';

export interface DeviceEvent {
  /** `{enterprise}.{device}`. */
  readonly key: string;
  readonly atMs: number;
  readonly kind: DeviceEventKind;
  readonly code: ErrorCode | null;
  /** What exactly: the field and its value, the topic, the new state; bounded. */
  readonly detail: string;
  /**
   * How many like it happened since the event before (a flood is told once a second); 1 or more.
   */
  readonly count: number;
}

/** An event with a sentence for people. */
export interface ToldDeviceEvent extends DeviceEvent {
  readonly text: { readonly en: string; readonly zh: string };
}

/** Gathers the events of watched devices from all workers. */
export interface DeviceEventHub {
  /**
   * Keeps the events of a device from now on, for a trial; the oldest such device is let go beyond
   * a bound.
   */
  keep(key: string): void;
  /** The trial has ended: the device is watched as any other, as long as somebody looks. */
  release(key: string): void;
  /** The newest events, oldest first; watching begins with the first call. */
  recent(key: string): readonly ToldDeviceEvent[];
  /**
   * Server-sent events `event: device` with a `ToldDeviceEvent`: first the recent ones, then as
   * they happen. Throws `api.too-many-viewers`.
   */
  join(key: string): Readable;
  /** Takes in what a worker or the supervisor saw. */
  tell(events: readonly DeviceEvent[]): void;
  close(): void;
}

/** Where a worker's parts report; does nothing for devices nobody watches. */
export interface DeviceEventTap {
  /** False while no device is watched at all: then nobody needs to make a key. */
  readonly active: boolean;
  /** Cheap: asked for every reading. */
  watches(key: string): boolean;
  note(event: Omit<DeviceEvent, 'atMs' | 'count'>): void;
}
