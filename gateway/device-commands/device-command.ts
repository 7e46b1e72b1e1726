/**
 * A command on its way to a device, and what comes back: the contracts of everybody who passes it
 * on.
 */

import type { ErrorCode } from '../../model/errors.ts';

/**
 * - `sent`: on its way to the worker that has the device's session.
 * - `delivered`: written to the connection. Whether the device has read it, only an answer tells.
 * - `answered`: the device has replied.
 * - `undelivered`: it did not get that far; `code` says why.
 */
export const commandStates = ['sent', 'delivered', 'answered', 'undelivered'] as const;

export type CommandState = (typeof commandStates)[number];

/** What is known of a command, for some minutes. */
export interface DeviceCommand {
  readonly id: string;
  readonly enterprise: string;
  readonly device: string;
  readonly state: CommandState;
  readonly code: ErrorCode | null;
  readonly sentAtMs: number;
  readonly deliveredAtMs: number | null;
  readonly answeredAtMs: number | null;
  /** JSON text of the device's reply. */
  readonly reply: string | null;
}

/** Whom a command is for. */
export interface CommandTarget {
  readonly enterprise: string;
  readonly device: string;
  /** The gateway that speaks for it; null for none. */
  readonly gateway: string | null;
}

export interface DeviceCommands {
  /**
   * Sends `command` (a JSON object) to a device that has a session, or whose gateway has one.
   * Before it leaves, the audit trail of the device has `command-sent`, with its id, by `actor`.
   * Rejects with `device.offline`, `device.command-too-large`, `device.commands-exceeded`, and,
   * sending nothing, when the trail cannot be written.
   */
  send(target: CommandTarget, command: object, actor: string): Promise<DeviceCommand>;
  /** Null when the device was sent no such command, or it is forgotten. */
  find(enterprise: string, device: string, id: string): DeviceCommand | null;
}

/** A command as it crosses to a worker. */
export interface OutgoingCommand {
  readonly id: string;
  /** Client id of the session it is for. */
  readonly client: string;
  readonly enterprise: string;
  readonly device: string;
  /** JSON text, as the device gets it. */
  readonly payload: string;
}

/** What a worker tells of a command. */
export type CommandOutcome =
  | { readonly id: string; readonly kind: 'delivered' }
  | { readonly id: string; readonly kind: 'undelivered'; readonly code: ErrorCode }
  | {
      readonly id: string;
      readonly kind: 'reply';
      readonly enterprise: string;
      readonly device: string;
      /** The device itself, or the gateway that speaks for it. */
      readonly by: string;
      /** JSON text. */
      readonly reply: string;
    };
