/** One connection to somebody else's platform before a whole fleet comes: does it speak MQTT? */

import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../../model/clock.ts';
import { OnrampError } from '../../model/errors.ts';
import { parseTarget } from '../../simulator/client/target.ts';
import { MqttSession } from '../../simulator/doctor/mqtt-session.ts';

/** Of what a server said instead, so many bytes are shown. */
const shownBytes = 40;

const withTls = '; if the port is one for TLS, say mqtts://';
const withoutTls = '; if the port is one without TLS, say mqtt://';

/**
 * Connects with an id that no device has and waits for any CONNACK, also one that refuses.
 * @throws OnrampError `simulate.target-unreachable`, within `timeoutMs`, saying what happened.
 */
export async function probeTarget(url: string, timeoutMs: number, clock: Clock): Promise<void> {
  const { host, port, tls } = parseTarget(url)!;
  const endMs = clock.monotonicMs() + timeoutMs;
  const leftMs = () => Math.max(0, endMs - clock.monotonicMs());
  // Whether the certificate is the right one is for the fleet to find out.
  const socket = tls
    ? connectTls({ host, port, rejectUnauthorized: false })
    : connectTcp({ host, port });
  try {
    const problem = await opened(socket, tls ? 'secureConnect' : 'connect', leftMs(), clock);
    if (problem !== null) throw unreachable(url, problem + (tls ? withoutTls : ''));
    const session = new MqttSession(socket, clock);
    const outcome = await session.connect({ clientId: 'onramp-probe' }, leftMs());
    if (outcome.kind === 'connack') session.end();
    else throw unreachable(url, sentenceOf(outcome, timeoutMs) + (tls ? '' : withTls));
  } finally {
    socket.destroy();
  }
}

/** Null when it is; else what came instead. */
function opened(
  socket: Socket,
  event: 'connect' | 'secureConnect',
  timeoutMs: number,
  clock: Clock,
): Promise<string | null> {
  return new Promise((resolve) => {
    const timer = clock.after(timeoutMs, () => resolve('no connection came about in time'));
    const settle = (problem: string | null): void => {
      timer.cancel();
      resolve(problem);
    };
    socket.once(event, () => settle(null));
    socket.on('error', ({ message }) => settle(message));
    socket.once('close', () => settle('the connection was closed before it was open'));
  });
}

type ConnectOutcome = Awaited<ReturnType<MqttSession['connect']>>;

function sentenceOf(outcome: ConnectOutcome, timeoutMs: number): string {
  if (outcome.kind === 'other') {
    const shown = outcome.bytes.subarray(0, shownBytes).toString('latin1');
    return `it speaks another protocol than MQTT; it said ${JSON.stringify(shown)}`;
  }
  return outcome.kind === 'silent'
    ? `it takes connections and did not answer CONNECT within ${timeoutMs / 1000} s`
    : 'it takes connections and closes them at CONNECT';
}

function unreachable(url: string, problem: string): OnrampError {
  return new OnrampError('simulate.target-unreachable', `${url}: ${problem}`);
}
