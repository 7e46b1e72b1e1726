import { describe, expect, test } from 'vitest';
import { dictionary } from '../../dashboards/live/i18n.ts';
import { type Connection, Live } from '../../dashboards/live/live.ts';
import type { Snapshot } from '../../dashboards/live/snapshot.ts';
import { problemOf, problemType } from '../../gateway/api/errors.ts';
import { type ErrorCode, errorTable, OnrampError } from '../../model/errors.ts';
import type { Name } from '../../model/profile.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

/** A gateway as the page sees it: each request is answered by what the test says. */
class World {
  readonly clock = new VirtualClock();
  readonly snapshots: Snapshot[] = [];
  readonly connections: Connection[] = [];
  readonly reasons: (Name | null)[] = [];
  readonly requests: { atMs: number; url: string; init: RequestInit | undefined }[] = [];
  readonly live: Live;

  constructor(answer: (attempt: number) => Response | Promise<Response>) {
    this.live = new Live({
      url: './api/v1/live',
      token: 'secret',
      clock: this.clock,
      fetch: async (url, init) => {
        this.requests.push({ atMs: this.clock.monotonicMs(), url: String(url), init });
        return answer(this.requests.length);
      },
      onSnapshot: (snapshot) => this.snapshots.push(snapshot),
      onConnection: (connection, reason) => {
        this.connections.push(connection);
        this.reasons.push(reason);
      },
    });
  }

  delays(): number[] {
    return this.requests.slice(1).map(({ atMs }, i) => atMs - this.requests[i]!.atMs);
  }
}

const snapshot = (received: number) =>
  `event: snapshot\ndata: ${JSON.stringify({ nowMs: 1, readings: { received } })}\n\n`;

/** A stream that stays open until it is cancelled. */
function open(text: string): Response {
  return new Response(
    new ReadableStream({
      start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
    }),
  );
}

describe('following the gateway', () => {
  test('sends the token in a header and hands on every snapshot', async () => {
    const world = new World(() => open(snapshot(1) + snapshot(2)));
    world.live.start();
    await world.clock.advanceAsync(100);
    expect(world.snapshots.map(({ readings }) => readings.received)).toEqual([1, 2]);
    expect(world.connections).toEqual(['connecting', 'live', 'live']);
    const [request] = world.requests;
    expect(request!.url).not.toContain('secret');
    expect(request!.init?.headers).toMatchObject({ authorization: 'Bearer secret' });
    world.live.stop();
  });

  test('waits longer and longer while nothing answers, up to ten seconds', async () => {
    const world = new World(() => Promise.reject(new TypeError('Failed to fetch')));
    world.live.start();
    await world.clock.advanceAsync(60_000);
    expect(world.delays().slice(0, 8)).toEqual([
      500, 1000, 2000, 4000, 8000, 10_000, 10_000, 10_000,
    ]);
    world.live.stop();
  });

  test('begins with the short delay again after a success', async () => {
    const world = new World((attempt) =>
      attempt === 4 ? new Response(snapshot(1)) : new Response('', { status: 503 }),
    );
    world.live.start();
    await world.clock.advanceAsync(8000);
    expect(world.delays().slice(0, 5)).toEqual([500, 1000, 2000, 500, 1000]);
    expect(world.connections.filter((connection) => connection === 'live')).toHaveLength(1);
    world.live.stop();
  });

  test('gives up a connection that says nothing for ten seconds', async () => {
    const world = new World((attempt) =>
      attempt > 1
        ? open(snapshot(attempt))
        : new Response(
            new ReadableStream({
              start: (controller) =>
                world.requests[0]!.init!.signal!.addEventListener('abort', (event) =>
                  controller.error((event.target as AbortSignal).reason),
                ),
            }),
          ),
    );
    world.live.start();
    await world.clock.advanceAsync(9999);
    expect(world.requests).toHaveLength(1);
    await world.clock.advanceAsync(600);
    expect(world.connections).toEqual(['connecting', 'lost', 'live']);
    expect(world.reasons).toEqual([null, dictionary['connection.silent'], null]);
    expect(world.snapshots).toHaveLength(1);
    world.live.stop();
  });

  test('an event that is no snapshot loses the connection, not the page', async () => {
    const world = new World((attempt) =>
      attempt === 1 ? open('event: snapshot\ndata: {"hello": 1}\n\n') : open(snapshot(7)),
    );
    world.live.start();
    await world.clock.advanceAsync(600);
    expect(world.connections).toEqual(['connecting', 'lost', 'live']);
    world.live.stop();
  });

  test.each([401, 403])('does not try again with a token that got %i', async (status) => {
    const world = new World(() => new Response('{}', { status }));
    world.live.start();
    await world.clock.advanceAsync(60_000);
    expect(world.requests).toHaveLength(1);
    expect(world.connections).toEqual(['connecting', 'refused']);
  });

  /** What the gateway answers when it fails with this code. */
  const problem = (code: ErrorCode, details: string[] = []) => {
    const document = problemOf(new OnrampError(code, details));
    const headers = { 'content-type': problemType };
    return new Response(JSON.stringify(document), { status: document.status, headers });
  };

  test.each([
    [problem('api.unauthorized'), 'refused', dictionary['token.refused']],
    [problem('api.forbidden'), 'refused', errorTable['api.forbidden']],
    [problem('api.too-many-failures'), 'lost', errorTable['api.too-many-failures']],
    [problem('api.too-many-viewers'), 'lost', errorTable['api.too-many-viewers']],
    [new Response('<html>', { status: 502 }), 'lost', { en: 'HTTP 502', zh: 'HTTP 502' }],
    [new Response('{"code": 7}', { status: 403 }), 'refused', { en: 'HTTP 403', zh: 'HTTP 403' }],
    [new Response(snapshot(1)), 'lost', dictionary['connection.ended']],
  ])('says why in both languages (%#)', async (response, connection, { en, zh }) => {
    const world = new World(() => response);
    world.live.start();
    await world.clock.advanceAsync(400);
    expect(world.connections.at(-1)).toBe(connection);
    expect(world.reasons.at(-1)).toEqual({ en, zh });
    world.live.stop();
  });

  test('says what exactly was wrong, when the gateway does', async () => {
    const world = new World(() => problem('api.bad-request', ['limit: is too large']));
    world.live.start();
    await world.clock.advanceAsync(400);
    expect(world.reasons.at(-1)?.en).toMatch(/limit: is too large$/);
    world.live.stop();
  });

  test('stop ends everything', async () => {
    const world = new World(() => open(snapshot(1)));
    world.live.start();
    await world.clock.advanceAsync(10);
    world.live.stop();
    await world.clock.advanceAsync(60_000);
    expect(world.requests).toHaveLength(1);
    expect(world.requests[0]!.init!.signal!.aborted).toBe(true);
    expect(world.clock.pending).toBe(0);
  });
});
