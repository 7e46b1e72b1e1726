/** Both ways to the API take the same requests and give the same errors. */

import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { DeviceAnswer } from '../../../gateway/api/device-answer.ts';
import { openOperator } from '../../../gateway/commands/open-operator.ts';
import { ask, type Operator } from '../../../gateway/commands/operator.ts';
import { systemClock } from '../../../model/clock.ts';
import { type CommandWorld, runningWorld, stoppedWorld } from './command-world.ts';

describe.each([
  ['a gateway', runningWorld],
  ['the files', stoppedWorld],
] as const)('%s', (name, open) => {
  let world: CommandWorld;
  let operator: Operator;
  beforeEach(async () => {
    world = await open();
    operator = await openOperator({ data: world.data }, systemClock);
  });
  afterEach(async () => {
    await operator.close();
    await world.close();
  });

  const json = (body: unknown) =>
    ({ type: 'application/json', content: JSON.stringify(body) }) as const;

  it('takes every method, headers and bodies', async () => {
    expect(operator.notice === null).toBe(name === 'a gateway');
    const device = { enterprise: 'acme', device: 'm', profile: 'generic' };
    await ask(operator, { method: 'POST', path: '/devices', body: json(device) });
    const change = (district: string, ifMatch: string) =>
      ask<DeviceAnswer>(operator, {
        method: 'PATCH',
        path: '/devices/acme.m',
        headers: { 'if-match': ifMatch },
        body: json({ district }),
      });
    const { revision, online } = await ask<DeviceAnswer>(operator, {
      method: 'GET',
      path: '/devices/acme.m',
    });
    expect(online).toBe(name === 'a gateway' ? false : null);
    expect(await change('wujin', `"${revision}"`)).toMatchObject({ district: 'wujin' });
    await expect(change('xinbei', `"${revision}"`)).rejects.toMatchObject({
      code: 'api.version-mismatch',
    });
    const put = { method: 'PUT', path: '/enterprises/acme', body: json({ park: 'east' }) } as const;
    expect(await ask(operator, put)).toMatchObject({ park: 'east' });
    const suspend = { method: 'POST', path: '/devices/acme.m/suspend' } as const;
    expect(await ask(operator, suspend)).toMatchObject({ state: 'suspended' });
    await expect(ask(operator, suspend)).rejects.toMatchObject({
      code: 'device.state-not-allowed',
      details: [expect.stringContaining('suspended')],
    });
  });

  it('issues tokens and claims, and gives errors with their details', async () => {
    const token = await ask<{ token: string }>(operator, {
      method: 'POST',
      path: '/tokens',
      body: json({ role: 'viewer', expiresIn: '1h' }),
    });
    expect(token.token).toMatch(/^onramp_/);
    await expect(
      ask(operator, { method: 'POST', path: '/claims', body: json({ devicesMax: 0, x: 1 }) }),
    ).rejects.toMatchObject({
      code: 'api.bad-request',
      details: expect.arrayContaining([expect.stringMatching(/^body\.devicesMax: /)]),
    });
    const counts = await ask<{ counts: unknown }>(operator, { method: 'GET', path: '/counts' });
    expect(counts.counts).toBeNull();
  });

  it('is described by a document of the package that it is', async () => {
    const document = await ask<{ info: { version: string } }>(operator, {
      method: 'GET',
      path: '/openapi.json',
    });
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(document.info.version).toBe(version);
  });
});
