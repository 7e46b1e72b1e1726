/** The folder of a development CA: its certificate, its key, and what it signed last for each device. */

import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, OnrampError } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';
import type { CertifiedKey } from './development-ca.ts';
import { replaceOwned, writeNew } from './made-files.ts';
import { readText } from './open-operator.ts';

/** Where the folder is when nobody says. */
export function defaultCaFolder(enterprise: string): string {
  return `ca-${enterprise}`;
}

export class CaFolder {
  readonly certificatePath: string;
  readonly keyPath: string;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.certificatePath = join(folder, 'ca.pem');
    this.keyPath = join(folder, 'ca.key');
  }

  /** Keeps a new authority. Throws `command.file-unwritable`, also when there is one already. */
  write({ certificate, key }: CertifiedKey): void {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    } catch (error) {
      throw new OnrampError('command.file-unwritable', messageOf(error), error);
    }
    writeNew(this.keyPath, key, 0o600);
    try {
      writeNew(this.certificatePath, certificate, 0o644);
    } catch (error) {
      rmSync(this.keyPath);
      throw error;
    }
  }

  /** Throws `command.file-unreadable`. */
  read(): CertifiedKey {
    return { certificate: readText(this.certificatePath), key: readText(this.keyPath) };
  }

  /** Removes the authority that was just written. */
  discard(): void {
    rmSync(this.keyPath);
    rmSync(this.certificatePath);
  }

  /** From when the certificate is valid that was signed last for a device; null when none was. */
  lastNotBeforeMs(enterprise: string, device: string): number | null {
    const path = this.#signedPath(enterprise, device);
    if (!existsSync(path)) return null;
    try {
      return new X509Certificate(readText(path)).validFromDate.getTime();
    } catch (error) {
      throw new OnrampError('command.file-unreadable', `${path}: ${messageOf(error)}`, error);
    }
  }

  /** Remembers what was signed last for a device. Throws `command.file-unwritable`. */
  noteSigned(enterprise: string, device: string, certificate: string): void {
    replaceOwned(this.#signedPath(enterprise, device), certificate);
  }

  #signedPath(enterprise: string, device: string): string {
    return join(this.#folder, 'signed', `${deviceKey(enterprise, device)}.pem`);
  }
}
