/** Live events: shared by all viewers, bounded, and closed with the gateway. */

import type { Readable } from 'node:stream';
import { text as collected } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { LiveFeed } from '../../../gateway/api/live-feed.ts';
import { limits } from '../../../model/limits.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { ApiWorld, letter, token } from './api-world.ts';

let world: ApiWorld | null = null;
afterEach(async () => {
  await world?.close();
  world = null;
});

/** Collects what a stream brings. */
function collect(stream: Readable): { text: string; closed: boolean } {
  const seen = { text: '', closed: false };
  stream.setEncoding('utf8').on('data', (piece: string) => {
    seen.text += piece;
  });
  stream.on('close', () => {
    seen.closed = true;
  });
  return seen;
}

const events = (seen: string) => seen.split('\n\n').filter((part) => part.startsWith('event: '));

function feedOf(clock: VirtualClock, snapshot: () => Promise<unknown>, viewersMax = 3): LiveFeed {
  return new LiveFeed({ clock, intervalMs: 1000, viewersMax, behindMsMax: 5000, snapshot });
}

describe('GET /api/v1/live', () => {
  it('sends every viewer the same snapshot each second', async () => {
    world = new ApiWorld();
    await world.context.registry.add({
      enterprise: 'acme',
      device: 'm',
      profile: 'env-sensor',
      district: 'wujin',
    });
    await world.context.deadLetters.put([letter(1)]);
    const open = async () => {
      const answer = await world!.ask('GET', '/api/v1/live', { payloadAsStream: true });
      expect(answer.statusCode).toBe(200);
      expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
      expect(answer.headers['cache-control']).toBe('no-store');
      return collect(answer.stream());
    };
    const viewers = [await open(), await open(), await open()];
    for (let second = 0; second < 3; second++) await world.clock.advanceAsync(1000);
    await new Promise((resolve) => setTimeout(resolve, 50));
    const [first, ...others] = viewers.map((viewer) => events(viewer.text).at(-1));
    expect(others).toEqual([first, first]);
    for (const viewer of viewers) {
      expect(events(viewer.text).length).toBeGreaterThanOrEqual(3);
      expect(viewer.text.startsWith('retry: 2000\n\n')).toBe(true);
    }
    const data = JSON.parse(first!.replace(/^event: snapshot\ndata: /, ''));
    expect(data).toMatchObject({
      sessions: 512,
      rates: { received: 100 },
      shipper: { storedMs: { p99: 950 } },
      registry: { devices: 1, byDistrict: [{ district: 'wujin', devices: 1 }] },
      deadLetters: [{ device: 'press-1', code: 'signal.out-of-range', detail: 'letter 1' }],
    });
    expect(first).not.toContain('payload"');
    // One status for all of them: at the start and each second.
    expect(world.statusCalls).toBeLessThanOrEqual(4);
    await world.app.close();
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(viewers.map((viewer) => viewer.closed)).toEqual([true, true, true]);
  });

  it('works over a real connection, and notices when the viewer leaves', async () => {
    world = new ApiWorld();
    const address = await world.app.listen({ host: '127.0.0.1', port: 0 });
    const leaving = new AbortController();
    const answer = await fetch(`${address}/api/v1/live`, {
      headers: { authorization: `Bearer ${token}` },
      signal: leaving.signal,
    });
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let seen = '';
    while (!seen.includes('event: snapshot')) seen += (await reader.read()).value ?? '';
    expect(seen).toContain('"sessions":512');
    leaving.abort();
    while (world.clock.pending > 0) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('is given to a bounded number of viewers, with each token and in all', async () => {
    world = new ApiWorld();
    const refused = async (text: string) => {
      const answer = await open(text);
      const { code, details } = JSON.parse(await collected(answer.stream()));
      return [answer.statusCode, code, details];
    };
    const open = (text: string) =>
      world!.app.inject({
        url: '/api/v1/live',
        headers: { authorization: `Bearer ${text}` },
        payloadAsStream: true,
      });
    const viewer = await world.issue('viewer');
    for (let n = 0; n < 20; n++) expect((await open(viewer)).statusCode).toBe(200);
    const one = [503, 'api.too-many-viewers', ['at most 20 with one token']];
    expect(await refused(viewer)).toEqual(one);
    for (let n = 0; n < 100; n++) expect((await open(token)).statusCode).toBe(200);
    expect(await refused(token)).toEqual([503, one[1], ['at most 100 with one token']]);
    for (let left = limits.apiViewersMax - 120; left > 0; left -= 20) {
      const another = await world.issue('viewer');
      for (let n = 0; n < 20; n++) expect((await open(another)).statusCode).toBe(200);
    }
    expect(await refused(await world.issue('viewer'))).toEqual([503, one[1], ['at most 200']]);
  });
});

describe('the feed', () => {
  it('does nothing while nobody watches', async () => {
    const clock = new VirtualClock();
    let made = 0;
    const feed = feedOf(clock, async () => ++made);
    expect(clock.pending).toBe(0);
    const viewer = feed.join();
    collect(viewer);
    await clock.advanceAsync(1000);
    expect(made).toBe(2);
    viewer.destroy();
    await clock.advanceAsync(10_000);
    expect([made, clock.pending, feed.viewers]).toEqual([2, 0, 0]);
  });

  it('gives a late viewer the last snapshot at once', async () => {
    const clock = new VirtualClock();
    const feed = feedOf(clock, async () => ({ at: clock.monotonicMs() }));
    collect(feed.join());
    await clock.advanceAsync(1500);
    const late = collect(feed.join());
    await clock.advanceAsync(0);
    expect(events(late.text)).toEqual(['event: snapshot\ndata: {"at":1000}']);
    feed.close();
  });

  it('sends a heartbeat when there is no snapshot, and makes one at a time', async () => {
    const clock = new VirtualClock();
    let waiting = Promise.withResolvers<unknown>();
    let made = 0;
    const feed = feedOf(clock, () => {
      made += 1;
      return waiting.promise;
    });
    const viewer = collect(feed.join());
    await clock.advanceAsync(5000);
    expect(made).toBe(1);
    waiting.reject(new Error('no registry'));
    waiting = Promise.withResolvers();
    await clock.advanceAsync(0);
    expect(viewer.text).toContain(': heartbeat\n\n');
    waiting.resolve({ ok: true });
    await clock.advanceAsync(1000);
    expect(events(viewer.text)).toHaveLength(1);
    feed.close();
  });

  it('keeps nothing for a viewer that does not read, lets it go, and serves the others', async () => {
    const clock = new VirtualClock();
    const feed = feedOf(clock, async () => 'x'.repeat(10_000));
    const stuck = feed.join();
    let stuckClosed = false;
    stuck.on('close', () => {
      stuckClosed = true;
    });
    const reading = collect(feed.join());
    for (let i = 0; i < 60; i++) {
      await clock.advanceAsync(1000);
      expect(stuck.readableLength).toBeLessThan(200_000);
    }
    expect(stuckClosed).toBe(true);
    expect(feed.viewers).toBe(1);
    expect(events(reading.text).length).toBeGreaterThanOrEqual(60);
    feed.close();
  });
});
