/** What just happened to a device, as JSON and as a stream. */

import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { EventHub } from '../../../gateway/device-events/event-hub.ts';
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
