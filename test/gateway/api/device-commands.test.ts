/** Commands over HTTP: to whom, how large, and what became of them. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { OutgoingCommand } from '../../../gateway/device-commands/device-command.ts';
import { limits } from '../../../model/limits.ts';
import { ApiWorld } from './api-world.ts';

let world: ApiWorld;
beforeEach(async () => {
  world = new ApiWorld();
  const { registry } = world.context;
  await registry.add({ enterprise: 'acme', device: 'gw', kind: 'gateway' });
  await registry.add({ enterprise: 'acme', device: 'm', profile: 'generic' });
  await registry.add({ enterprise: 'acme', device: 'sub', profile: 'generic', gateway: 'gw' });
});
afterEach(() => world.close());

const post = (key: string, payload: object | string) =>
  world.ask('POST', `/api/v1/devices/${key}/commands`, { payload });
const get = (key: string, id: string) => world.ask('GET', `/api/v1/devices/${key}/commands/${id}`);

/** What went out to workers. */
function sent(): readonly OutgoingCommand[] {
  world.clock.advance(1);
  return world.sent.flatMap((message) => (message.type === 'commands' ? message.commands : []));
}

describe('a command', () => {
  it('goes to a device that is online, and is shown with its reply', async () => {
    world.onboarding.online.add('acme.m');
    const answer = await post('acme.m', { setpoint: 21.5 });
    expect(answer.statusCode).toBe(202);
    const { id, state, reply } = answer.json();
    expect([state, reply]).toEqual(['sent', null]);
    const [command] = sent();
    expect(command).toMatchObject({ id, client: 'acme.m', enterprise: 'acme', device: 'm' });
    expect(JSON.parse(command!.payload)).toEqual({ id, command: { setpoint: 21.5 } });

    world.commands.take([{ id, kind: 'delivered' }]);
    expect((await get('acme.m', id)).json()).toMatchObject({ state: 'delivered' });
    const by = { enterprise: 'acme', device: 'm', by: 'm' };
    world.commands.take([{ id, kind: 'reply', ...by, reply: `{"id":"${id}","ok":true}` }]);
    const shown = (await get('acme.m', id)).json();
    expect(shown).toMatchObject({ state: 'answered', code: null, reply: { id, ok: true } });
    expect(shown.answeredAtMs).toBe(world.clock.nowMs());
    expect((await get('acme.sub', id)).json()).toMatchObject({ code: 'device.command-unknown' });
  });

  it('goes to the gateway that speaks for the device', async () => {
    world.onboarding.online.add('acme.gw');
    expect((await post('acme.sub', {})).statusCode).toBe(202);
    expect(sent()).toMatchObject([{ client: 'acme.gw', device: 'sub' }]);
    expect((await post('acme.m', {})).statusCode).toBe(409);
  });

  it('is in the audit trail of the device with who sent it; one that is refused is not', async () => {
    const trail = async () => (await world.ask('GET', '/api/v1/devices/acme.m/audit')).json().items;
    await post('acme.m', {});
    expect(await trail()).toMatchObject([{ event: 'register' }]);
    world.onboarding.online.add('acme.m');
    const own = await world.issue('enterprise', 'acme');
    const url = '/api/v1/devices/acme.m/commands';
    const headers = { authorization: `Bearer ${own}` };
    const ids = [
      (await post('acme.m', { on: true })).json().id,
      (await world.ask('POST', url, { payload: {}, headers })).json().id,
    ];
    expect((await trail()).slice(0, 2)).toMatchObject([
      { event: 'command-sent', cause: ids[1], actor: expect.stringMatching(/^token:/) },
      {
        event: 'command-sent',
        cause: ids[0],
        actor: 'operator',
        device: 'm',
        from: null,
        to: null,
      },
    ]);
  });

  it('is not kept for a device that is away', async () => {
    const answer = await post('acme.m', { setpoint: 1 });
    expect([answer.statusCode, answer.json().code]).toEqual([409, 'device.offline']);
    world.onboarding.online.add('acme.m');
    expect(sent()).toEqual([]);
  });

  it.each([
    ['a list', [1], 400, 'api.bad-request'],
    ['no JSON', 'on', 400, 'api.bad-request'],
    ['too large', { text: 'x'.repeat(limits.commandBytesMax) }, 413, 'device.command-too-large'],
  ])('that is %s is refused', async (_what, body, status, code) => {
    world.onboarding.online.add('acme.m');
    const answer = await world.ask('POST', '/api/v1/devices/acme.m/commands', {
      payload: typeof body === 'string' ? body : JSON.stringify(body),
      headers: { 'content-type': 'application/json' },
    });
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(sent()).toEqual([]);
  });

  it('that is unknown, or of a device that is, is not found', async () => {
    expect((await get('acme.m', 'f'.repeat(16))).json()).toMatchObject({
      status: 404,
      code: 'device.command-unknown',
    });
    expect((await post('acme.none', {})).json()).toMatchObject({ code: 'registry.not-found' });
  });
});
