/**
 * The commands of the last minutes, in memory and bounded: a few of each device, some of each
 * enterprise, so that none of them takes another's place.
 */

import { OnrampError } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { CommandOutcome, CommandTarget, DeviceCommand } from './device-command.ts';

interface Kept {
  command: DeviceCommand;
  readonly gateway: string | null;
  /** Where it was sent. */
  readonly worker: number;
}

export class CommandBook {
  /** The oldest first, as in the next two. */
  readonly #byId = new Map<string, Kept>();
  readonly #ofDevice = new Map<string, Set<string>>();
  readonly #ofEnterprise = new Map<string, Set<string>>();

  get size(): number {
    return this.#byId.size;
  }

  /**
   * Notes a command that is being sent. The oldest that got somewhere makes room.
   * @throws OnrampError `device.commands-exceeded` when those before it are still on their way.
   */
  add(id: string, target: CommandTarget, worker: number, nowMs: number): DeviceCommand {
    const { device, enterprise, gateway } = target;
    const key = deviceKey(enterprise, device);
    this.forget(nowMs);
    this.#makeRoom(this.#ofDevice.get(key), limits.commandsOfDeviceMax);
    this.#makeRoom(this.#ofEnterprise.get(enterprise), limits.commandsOfEnterpriseMax);
    if (this.#byId.size >= limits.commandsMax) this.remove(this.#byId.keys().next().value!);
    const command: DeviceCommand = {
      ...{ id, enterprise, device, state: 'sent', code: null, sentAtMs: nowMs },
      ...{ deliveredAtMs: null, answeredAtMs: null, reply: null },
    };
    this.#byId.set(id, { command, gateway, worker });
    noted(this.#ofDevice, key, id);
    noted(this.#ofEnterprise, enterprise, id);
    return command;
  }

  find(enterprise: string, device: string, id: string, nowMs: number): DeviceCommand | null {
    this.forget(nowMs);
    const command = this.#byId.get(id)?.command;
    return command?.enterprise === enterprise && command.device === device ? command : null;
  }

  /** Takes in what a worker tells; what fits no command, or comes again, changes nothing. */
  take(outcome: CommandOutcome, nowMs: number): void {
    const kept = this.#byId.get(outcome.id);
    if (kept === undefined) return;
    const { command } = kept;
    if (outcome.kind === 'reply') {
      if (command.state === 'answered' || !mayAnswer(kept, outcome)) return;
      const deliveredAtMs = command.deliveredAtMs ?? nowMs;
      const { reply } = outcome;
      kept.command = {
        ...command,
        ...{ state: 'answered', code: null, deliveredAtMs, answeredAtMs: nowMs, reply },
      };
    } else if (command.state === 'sent') {
      kept.command =
        outcome.kind === 'delivered'
          ? { ...command, state: 'delivered', deliveredAtMs: nowMs }
          : { ...command, state: 'undelivered', code: outcome.code };
    }
  }

  /** A worker is gone, and what was on its way to it. */
  workerGone(worker: number): void {
    for (const kept of this.#byId.values()) {
      if (kept.worker !== worker || kept.command.state !== 'sent') continue;
      kept.command = { ...kept.command, state: 'undelivered', code: 'device.offline' };
    }
  }

  /** Forgets what is old. */
  forget(nowMs: number): void {
    for (const [id, { command }] of this.#byId) {
      if (nowMs - command.sentAtMs < limits.commandKeptMs) return;
      this.remove(id);
    }
  }

  #makeRoom(ids: ReadonlySet<string> | undefined, max: number): void {
    if (ids === undefined || ids.size < max) return;
    for (const id of ids) {
      if (this.#byId.get(id)!.command.state === 'sent') continue;
      this.remove(id);
      return;
    }
    throw new OnrampError('device.commands-exceeded');
  }

  /** Forgets a command, if it is known. */
  remove(id: string): void {
    const kept = this.#byId.get(id);
    if (kept === undefined) return;
    const { device, enterprise } = kept.command;
    this.#byId.delete(id);
    struck(this.#ofDevice, deviceKey(enterprise, device), id);
    struck(this.#ofEnterprise, enterprise, id);
  }
}

/** Replies come from the device that was meant, or from the gateway that spoke for it then. */
function mayAnswer(
  { command, gateway }: Kept,
  { by, device, enterprise }: Extract<CommandOutcome, { kind: 'reply' }>,
): boolean {
  if (command.enterprise !== enterprise || command.device !== device) return false;
  return by === device || by === gateway;
}

function noted(sets: Map<string, Set<string>>, key: string, id: string): void {
  const known = sets.get(key);
  if (known === undefined) sets.set(key, new Set([id]));
  else known.add(id);
}

function struck(sets: Map<string, Set<string>>, key: string, id: string): void {
  const known = sets.get(key);
  known?.delete(id);
  if (known?.size === 0) sets.delete(key);
}
