/** Credentials of a fleet that came on board by claim, kept so that it can come back. */

import { existsSync, readFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { CityDevice } from '../../model/city.ts';
import type { Clock, Timer } from '../../model/clock.ts';
import type { Credentials } from '../../model/dialects/dialect.ts';
import { messageOf, OnrampError } from '../../model/errors.ts';
import { deviceKey } from '../../model/identifiers.ts';

/** How often credentials that have come are written. */
const writeIntervalMs = 500;

/** Missing devices that an error names. */
const namedMax = 3;

/**
 * Appends `{"enterprise","device","clientId","username","password"}` for each device, one JSON
 * object a line, to a new file that only its owner may read. A device that had to claim again has a
 * later line, which counts.
 */
export class CredentialFile {
  readonly #path: string;
  #file: FileHandle | null = null;
  #lines: string[] = [];
  #timer: Timer | null = null;
  #stopped = false;
  #writing: Promise<void> = Promise.resolve();
  #failure: unknown = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Makes the file. @throws OnrampError `config.invalid` when it exists or cannot be made. */
  async start(clock: Clock): Promise<void> {
    this.#file = await open(this.#path, 'wx', 0o600).catch((error: NodeJS.ErrnoException) => {
      throw refused(
        error.code === 'EEXIST'
          ? 'exists; leave out --onboard to come back with it, or name another file'
          : messageOf(error),
        error,
      );
    });
    if (this.#stopped) await this.#file.close();
    else this.#timer = clock.every(writeIntervalMs, () => this.#write());
  }

  /** Takes a credential to be written in a moment. */
  add({ enterprise, device }: CityDevice, { clientId, username, password }: Credentials): void {
    const entry = { enterprise, device, clientId, username, password };
    this.#lines.push(`${JSON.stringify(entry)}\n`);
  }

  /** Writes what is left, durably. @throws OnrampError `config.invalid` when it could not. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#write();
    await this.#writing;
    await this.#file?.datasync().catch((error: unknown) => {
      this.#failure ??= error;
    });
    await this.#file?.close();
    if (this.#failure !== null) throw refused(messageOf(this.#failure), this.#failure);
  }

  #write(): void {
    const file = this.#file;
    if (file === null || this.#lines.length === 0) return;
    const text = this.#lines.join('');
    this.#lines = [];
    this.#writing = this.#writing
      .then(() => file.appendFile(text))
      .catch((error: unknown) => {
        this.#failure ??= error;
      });
  }
}

/**
 * The secrets of `devices`, in their order, from the lines of a credential file, or, where there
 * is none, from the files `.1`, `.2` and so on that several processes wrote.
 * @throws OnrampError `config.invalid` when it cannot be read or lacks one of them.
 */
export function readCredentials(path: string, devices: readonly CityDevice[]): string[] {
  const passwords = new Map<string, string>();
  for (const [index, line] of read(path).split('\n').entries()) {
    if (line === '') continue;
    const entry = parseEntry(line);
    if (entry === null) throw refused(`line ${index + 1} is not a credential`);
    passwords.set(deviceKey(entry.enterprise, entry.device), entry.password);
  }
  const missing: string[] = [];
  const secrets = devices.map(({ enterprise, device }) => {
    const key = deviceKey(enterprise, device);
    const password = passwords.get(key);
    if (password === undefined) missing.push(key);
    return password ?? '';
  });
  if (missing.length === 0) return secrets;
  const named = missing.slice(0, namedMax).join(', ');
  throw refused(`has no credential of ${missing.length} devices, such as ${named}`);
}

function read(path: string): string {
  try {
    if (existsSync(path) || !existsSync(`${path}.1`)) return readFileSync(path, 'utf8');
    let text = '';
    for (let process = 1; existsSync(`${path}.${process}`); process++) {
      text += readFileSync(`${path}.${process}`, 'utf8');
    }
    return text;
  } catch (error) {
    throw refused(messageOf(error), error);
  }
}

function parseEntry(line: string): Record<'enterprise' | 'device' | 'password', string> | null {
  try {
    const { enterprise, device, password } = JSON.parse(line);
    const texts = [enterprise, device, password].every((text) => typeof text === 'string');
    return texts ? { enterprise, device, password } : null;
  } catch {
    return null;
  }
}

function refused(reason: string, cause?: unknown): OnrampError {
  return new OnrampError('config.invalid', `--credentials: ${reason}`, cause);
}
