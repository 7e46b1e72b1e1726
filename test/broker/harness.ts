/** A front door with two simple rules of identity, and clients that close by themselves. */

import { afterEach, expect } from 'vitest';
import type { ConnectAttempt } from '../../broker/access.ts';
import { FrontDoor, type FrontDoorOptions } from '../../broker/front-door.ts';
import type { SessionPublish } from '../../broker/session.ts';
import { nativePermissions } from '../../broker/topic-permissions.ts';
import type { ErrorCode } from '../../model/errors.ts';
import { RawMqtt } from '../helpers/raw-mqtt.ts';

export const secret = 'correct horse battery staple';
export const own = 'onramp/v1/acme/press-1/telemetry';
export const reading = '{"values":{"power":1}}';

interface Running {
  port: number;
  door: FrontDoor;
  publishes: SessionPublish[];
  refused: ErrorCode[];
  attempts: ConnectAttempt[];
}

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export async function start(options: Partial<FrontDoorOptions> = {}): Promise<Running> {
  const publishes: SessionPublish[] = [];
  const refused: ErrorCode[] = [];
  const attempts: ConnectAttempt[] = [];
  const door = new FrontDoor({
    access: 'authenticated',
    permissions: nativePermissions,
    authenticate: async (attempt) => {
      attempts.push(attempt);
      const [enterprise = '', subject = ''] = (attempt.username ?? '').split('/');
      if (attempt.password?.toString() !== secret) {
        return { accepted: false, code: 'connect.bad-credentials', returnCode: 5 };
      }
      if (attempt.clientId !== `${enterprise}.${subject}`) {
        return { accepted: false, code: 'connect.client-id-mismatch', returnCode: 2 };
      }
      const kind = subject.startsWith('gw') ? 'gateway' : 'device';
      return { accepted: true, principal: { kind, enterprise, subject } };
    },
    onPublish: (publish) => {
      publishes.push(publish);
      publish.settle(publish.qos === 0 ? 'discard' : 'accept');
    },
    onRefused: ({ code }) => refused.push(code),
    onSessionClose: (_session, code) => {
      if (code !== null) refused.push(code);
    },
    acceptsSessions: () => true,
    sessionsMax: 1000,
    ...options,
  });
  const { port } = await door.start({
    hosts: ['127.0.0.1'],
    port: 0,
    reusePort: false,
    connectionsMax: 1000,
  });
  cleanups.push(() => door.stop());
  return { port, door, publishes, refused, attempts };
}

export async function open(port: number): Promise<RawMqtt> {
  const client = await RawMqtt.open(port);
  cleanups.push(() => client.close());
  return client;
}

export async function device(port: number, name = 'acme/press-1', more = {}): Promise<RawMqtt> {
  const client = await open(port);
  const code = await client.connect({
    clientId: name.replace('/', '.'),
    username: name,
    password: Buffer.from(secret),
    ...more,
  });
  expect(code).toBe(0);
  return client;
}
