/** A file for secrets that are shown once: made before anything is done, readable by its owner only. */

import { type FileHandle, open, unlink } from 'node:fs/promises';
import { native } from '../../model/dialects/native.ts';
import { messageOf, OnrampError } from '../../model/errors.ts';
import type { IssuedCredential } from '../registry/registry.ts';

/** Credentials as CSV. */
export function* credentialLines(credentials: readonly IssuedCredential[]): Generator<string> {
  yield 'clientId,username,password\n';
  // Ids and generated secrets have no character that CSV would have to quote.
  for (const { enterprise, device, secret } of credentials) {
    const { clientId, username, password } = native.credentials(enterprise, device, secret);
    yield `${clientId},${username},${password}\n`;
  }
}

/** A file that is there, and empty, before the secrets exist. */
export class CredentialsFile {
  readonly #path: string;
  readonly #file: FileHandle;
  #kept = false;

  private constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  /** Throws `command.file-unwritable`, also when there is such a file already. */
  static async create(path: string): Promise<CredentialsFile> {
    try {
      return new CredentialsFile(path, await open(path, 'wx', 0o600));
    } catch (error) {
      throw new OnrampError('command.file-unwritable', messageOf(error), error);
    }
  }

  /** Durable when it resolves. */
  async write(credentials: readonly IssuedCredential[]): Promise<void> {
    this.#kept = true;
    await this.#file.writeFile(credentialLines(credentials));
    await this.#file.sync();
  }

  /** Closes the file; an empty one goes. */
  async close(): Promise<void> {
    await this.#file.close();
    if (!this.#kept) await unlink(this.#path);
  }
}
