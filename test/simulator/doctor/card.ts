/** A connection card, its platform and the doctor's visit, for tests. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../model/clock.ts';
import { doctor } from '../../../simulator/doctor/command.ts';
import type { Finding } from '../../../simulator/doctor/finding.ts';
import { obliging, type Script } from '../../helpers/scripted-mqtt-server.ts';

export const password = 'a secret of forty-three characters, or so it seems';

/** Accepts the credentials on the card and its topic only, as a platform does. */
export const platformScript: Script = (packet, connection) => {
  if (packet.cmd === 'connect') {
    const { clientId, username, password: given } = packet;
    const right = clientId === 'e1.d1' && username === 'e1/d1' && String(given) === password;
    connection.send({ cmd: 'connack', returnCode: right ? 0 : 5, sessionPresent: false });
    if (!right) connection.socket.end();
  } else if (packet.cmd === 'publish' && packet.topic !== 'onramp/v1/e1/d1/telemetry') {
    connection.socket.end();
  } else {
    obliging(packet, connection);
  }
};

export function cardOf(mqtt: object, more: object = {}) {
  return {
    mqtt: { host: '127.0.0.1', port: null, tlsPort: null, tls: null, ...mqtt },
    clientId: 'e1.d1',
    username: 'e1/d1',
    password,
    topic: 'onramp/v1/e1/d1/telemetry',
    sample: '{"values":{"power":12.5}}',
    ...more,
  };
}

/** A file of the running test. */
export function fileOf(content: string | Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'onramp-doctor-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'file');
  writeFileSync(path, content);
  return path;
}

export interface Visited {
  readonly code: number;
  readonly findings: readonly Finding[];
  /** Of what is wrong, in both languages. */
  readonly wrong: readonly { readonly en: string; readonly zh: string }[];
  readonly stderr: string;
}

/** Runs the command with a card and flags. */
export async function visit(card: object, flags: Record<string, string | boolean> = {}) {
  let stdout = '';
  let stderr = '';
  const code = await doctor(
    { card: fileOf(JSON.stringify(card)), timeout: '5s', rowTimeout: '5s', ...flags, json: true },
    {
      clock: systemClock,
      env: {},
      stdout: { write: (text) => (stdout += text) },
      stderr: { write: (text) => (stderr += text) },
    },
  );
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  const wrong = findings.filter(({ verdict }) => verdict === 'wrong').map(({ text }) => text);
  return { code, findings, wrong, stderr } satisfies Visited;
}
