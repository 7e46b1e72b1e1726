/** What just happened to a device, as JSON and as a stream. */

import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EventHub } from '../../../gateway/device-events/event-hub.ts';
import { limits } from '../../../model/limits.ts';
import { ApiWorld } from './api-world.ts';

let world: ApiWorld;
let hub: EventHub;
beforeEach(async () => {
  world = new ApiWorld();
  hub = new EventHub({ clock: world.clock, watch: () => {} });
  world.onboarding.events = hub;
  await world.context.registry.add({ enterprise: 'acme', device: 'm', profile: 'generic' });
});
afterEach(async () => {
  hub.close();
  await world.close();
});

const url = '/api/v1/devices/acme.m/events';
const refused = {
  key: 'acme.m',
  atMs: Date.UTC(2026, 0, 1),
  kind: 'refused',
  code: 'connect.bad-credentials',
  detail: '',
  count: 1,
} as const;

it('is told since somebody first asked', async () => {
  expect((await world.ask('GET', url)).json()).toEqual({ items: [] });
  hub.tell([refused, { ...refused, key: 'acme.other' }]);
  const { items } = (await world.ask('GET', url)).json();
  expect(items).toMatchObject([
    { kind: 'refused', code: 'connect.bad-credentials', at: '2026-01-01T00:00:00.000Z' },
  ]);
  expect(items[0].text.en).toMatch(/\w/);
  expect(items[0].text.zh).toMatch(/[\u4e00-\u9fff]/);
});

it('is streamed to who accepts a stream: first the recent, then as it happens', async () => {
  await world.ask('GET', url);
  hub.tell([refused]);
  const answer = await world.ask('GET', url, {
    headers: { accept: 'text/event-stream' },
    payloadAsStream: true,
  });
  expect(answer.headers['content-type']).toBe('text/event-stream; charset=utf-8');
  const whole = text(answer.stream());
  hub.tell([{ ...refused, kind: 'connected', code: null }]);
  hub.close();
  const kinds = [...(await whole).matchAll(/^event: device\ndata: (.*)$/gm)].map(
    (match) => JSON.parse(match[1]!).kind,
  );
  expect(kinds).toEqual(['refused', 'connected']);
});

it('is not there for a device that is not registered, or while no gateway runs', async () => {
  expect((await world.ask('GET', '/api/v1/devices/acme.none/events')).statusCode).toBe(404);
  expect(hub.watched).toEqual([]);
  world.onboarding.events = null;
  expect((await world.ask('GET', url)).json()).toMatchObject({
    status: 409,
    code: 'command.needs-gateway',
  });
});

describe('a stream', () => {
  /** Watches with a token; `ended` resolves when the stream is over. */
  async function watch(authorization: string) {
    const answer = await world.app.inject({
      url,
      headers: { authorization: `Bearer ${authorization}`, accept: 'text/event-stream' },
      payloadAsStream: true,
    });
    const ended = text(answer.stream()).catch(() => 'broken off');
    return { status: answer.statusCode, ended };
  }

  it('ends when its token is revoked, and no other', async () => {
    const [one, other] = [await world.issue('enterprise', 'acme'), await world.issue('viewer')];
    const [first, second] = [await watch(one), await watch(other)];
    const { id } = (await world.context.registry.tokens.verify(one))!;
    await world.ask('POST', `/api/v1/tokens/${id}/revoke`);
    await first.ended;
    expect(world.app.openStreams.size).toBe(1);
    expect((await watch(one)).status).toBe(401);
    hub.close();
    await second.ended;
    expect(world.app.openStreams.size).toBe(0);
  });

  it('ends soon after its token has expired', async () => {
    const watching = await watch(await world.issue('viewer', 'acme'));
    await world.clock.advanceAsync(3_600_000 - 1);
    expect(world.app.openStreams.size).toBe(1);
    await world.clock.advanceAsync(5000);
    await watching.ended;
    expect(world.app.openStreams.size).toBe(0);
  });

  it('is given to a bounded number of viewers of one enterprise', async () => {
    const own = await world.issue('enterprise', 'acme');
    const answers = [];
    for (let i = 0; i <= limits.apiViewersPerEnterpriseMax; i++) answers.push(await watch(own));
    expect(answers.map(({ status }) => status).filter((status) => status !== 200)).toEqual([503]);
    expect((await watch(await world.issue('viewer'))).status).toBe(200);
  });
});
