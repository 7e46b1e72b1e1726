import { describe, expect, test } from 'vitest';
import { type Connection, Live } from '../../dashboards/live/live.ts';
import type { Snapshot } from '../../dashboards/live/snapshot.ts';
import { VirtualClock } from '../helpers/virtual-clock.ts';

/** A gateway as the page sees it: each request is answered by what the test says. */
class World {
  readonly clock = new VirtualClock();
  readonly snapshots: Snapshot[] = [];
  readonly connections: Connection[] = [];
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
      onConnection: (connection) => this.connections.push(connection),
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
                world.requests[0]!.init!.signal!.addEventListener('abort', () =>
                  controller.error(new DOMException('aborted', 'AbortError')),
                ),
            }),
          ),
    );
    world.live.start();
    await world.clock.advanceAsync(9999);
    expect(world.requests).toHaveLength(1);
    await world.clock.advanceAsync(600);
    expect(world.connections).toEqual(['connecting', 'lost', 'live']);
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
