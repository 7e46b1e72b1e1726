/** A claim session over real MQTT: what it is answered, and what ends it. */

import { describe, expect, test } from 'vitest';
import type { ProvisionAnswer, Question } from '../../../gateway/onboarding/questions.ts';
import { errorTable, OnrampError } from '../../../model/errors.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { limits } from '../../../model/limits.ts';
import { publishPacket, type RawMqtt } from '../../helpers/raw-mqtt.ts';
import { VirtualClock } from '../../helpers/virtual-clock.ts';
import { acknowledged, secret, subscribe, World, type WorldOptions } from './mqtt-world.ts';

const request = 'onramp/v1/acme/provision/sn-1/request';
const response = 'onramp/v1/acme/provision/sn-1/response';
const asked = '{"serial":"sn-1"}';

const answer: ProvisionAnswer = {
  clientId: 'acme.sn-1',
  username: 'acme/sn-1',
  password: 'its own',
  topic: 'onramp/v1/acme/sn-1/telemetry',
  sample: '{}',
};

async function start(options: WorldOptions = {}) {
  const world = await World.start({ ask: async () => answer, ...options });
  world.claims.set('acme/batch-7', {
    enterprise: 'acme',
    id: 'batch-7',
    name: '',
    createdAtMs: 0,
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    devicesMax: 10,
    devices: 0,
    profile: null,
    serials: null,
    revokedAtMs: null,
    secretHash: secretHash(secret),
  });
  const open = async (serial = 'sn-1', claim = 'batch-7') => {
    const { client, code } = await world.open({
      clientId: `acme.claim.${serial}`,
      username: `acme/claim/${claim}`,
      password: Buffer.from(secret),
    });
    expect(code).toBe(0);
    return client;
  };
  const client = await open();
  return { world, client, open };
}

/** What came on the response topic, in its order. */
function answers(client: RawMqtt): Record<string, unknown>[] {
  return client.received.flatMap((packet) => {
    if (packet.cmd !== 'publish') return [];
    expect(packet.topic).toBe(response);
    return [JSON.parse(String(packet.payload))];
  });
}

describe('a request', () => {
  test('is answered with a credential, and then acknowledged', async () => {
    const { world, client } = await start();
    await subscribe(client, response);
    client.send(publishPacket(request, '{"serial":"sn-1","profile":"agv","firmware":"2.1"}'));
    await acknowledged(client, 1);
    const question: Question = {
      kind: 'provision',
      enterprise: 'acme',
      claim: 'batch-7',
      serial: 'sn-1',
      profile: 'agv',
    };
    expect(world.questions).toEqual([question]);
    expect(answers(client)).toEqual([{ status: 'ok', ...answer }]);
    const order = client.received.map(({ cmd }) => cmd);
    expect(order.indexOf('publish')).toBeLessThan(order.indexOf('puback'));
    expect(world.messages).toEqual([]);
  });

  test('that is refused is told why, in both languages, and counted', async () => {
    const details = ['serial sn-1'];
    const { world, client } = await start({
      ask: async () => {
        throw new OnrampError('claim.serial-taken', details);
      },
    });
    await subscribe(client, response);
    client.send(publishPacket(request, asked));
    await acknowledged(client, 1);
    const { en: message, zh: messageZh } = errorTable['claim.serial-taken'];
    const refused = { status: 'refused', code: 'claim.serial-taken', message, messageZh, details };
    expect(answers(client)).toEqual([refused]);
    expect(world.source.stats().refusals['claim.serial-taken']).toBe(1);
    expect(world.events.at(-1)).toMatchObject({
      key: 'acme.sn-1',
      kind: 'refused',
      code: 'claim.serial-taken',
    });
    expect(client.closed).toBe(false);
  });

  test.each([
    ['another serial', '{"serial":"sn-2"}'],
    ['no serial', '{"profile":"agv"}'],
    ['a serial that is no text', '{"serial":1}'],
    ['a profile that is none', '{"serial":"sn-1","profile":"../x"}'],
    ['a profile that is no text', '{"serial":"sn-1","profile":{}}'],
    ['no JSON', 'sn-1'],
    ['no text', Buffer.from([0xff, 0xfe])],
    ['an array', '[]'],
    ['null', 'null'],
    ['nothing', ''],
    ['too much', `{"serial":"sn-1","x":"${'x'.repeat(limits.claimRequestBytesMax)}"}`],
  ])('with %s is refused and nobody is asked', async (_what, payload) => {
    const { world, client } = await start();
    await subscribe(client, response);
    client.send(publishPacket(request, payload));
    await acknowledged(client, 1);
    expect(answers(client)).toMatchObject([{ status: 'refused', code: 'claim.request-invalid' }]);
    expect(world.questions).toEqual([]);
  });

  test('of a machine that does not listen is not asked for, but told in its events', async () => {
    const { world, client } = await start();
    client.send(publishPacket(request, asked));
    await client.waitForClose();
    expect(world.questions).toEqual([]);
    expect(client.received.some(({ cmd }) => cmd === 'puback')).toBe(false);
    await expect
      .poll(() => world.events.at(-1))
      .toMatchObject({ key: 'acme.sn-1', kind: 'disconnected', code: 'claim.not-subscribed' });
  });

  test('that fails for reasons of our own is not acknowledged', async () => {
    const { client } = await start({
      ask: async () => {
        throw new Error('gone');
      },
    });
    await subscribe(client, response);
    client.send(publishPacket(request, asked));
    await client.waitForClose();
    expect(client.received.some(({ cmd }) => cmd === 'puback')).toBe(false);
    expect(answers(client)).toEqual([]);
  });

  test('waits for the one before it', async () => {
    let underWay = 0;
    let most = 0;
    const { client, world } = await start({
      ask: async () => {
        most = Math.max(most, ++underWay);
        await new Promise((resolve) => setTimeout(resolve, 5));
        underWay--;
        return answer;
      },
    });
    await subscribe(client, response);
    client.send(...[1, 2, 3, 4].map((messageId) => publishPacket(request, asked, { messageId })));
    await acknowledged(client, 4);
    expect(most).toBe(1);
    expect(world.questions).toHaveLength(4);
    expect(answers(client)).toHaveLength(4);
  });

  test('one too many is told so and ends the session', async () => {
    const { client, world } = await start();
    await subscribe(client, response);
    const ids = Array.from({ length: limits.claimRequestsMax + 5 }, (_, i) => i + 1);
    client.send(...ids.map((messageId) => publishPacket(request, asked, { messageId })));
    await client.waitForClose();
    expect(world.questions).toHaveLength(limits.claimRequestsMax);
    expect(answers(client).filter(({ status }) => status === 'ok')).toHaveLength(
      limits.claimRequestsMax,
    );
    expect(answers(client).at(-1)).toMatchObject({ code: 'claim.too-many-requests' });
  });
});

describe('a claim whose machines ask too often', () => {
  test('is told so and ends the session, and nobody is asked; another claim goes on', async () => {
    const clock = new VirtualClock();
    const { open, world } = await start({ clock });
    const machine = async (serial: string, claim = 'batch-7') => {
      world.claims.set(`acme/${claim}`, { ...world.claims.get('acme/batch-7')!, id: claim });
      const client = await open(serial, claim);
      await subscribe(client, `onramp/v1/acme/provision/${serial}/response`);
      return client;
    };
    const { claimQuestionsBurstMax, claimRequestsMax } = limits;
    const ask = async (client: RawMqtt, serial: string, times: number) => {
      const ids = Array.from({ length: times }, (_, i) => i + 1);
      const [topic, payload] = [`onramp/v1/acme/provision/${serial}/request`, { serial }];
      client.send(
        ...ids.map((messageId) => publishPacket(topic, JSON.stringify(payload), { messageId })),
      );
      return acknowledged(client, times);
    };
    for (let i = 0; i < claimQuestionsBurstMax / claimRequestsMax; i++) {
      const client = await machine(`sn-${i}`);
      expect(await ask(client, `sn-${i}`, claimRequestsMax)).toBe(true);
      client.close();
    }
    const late = await machine('late');
    expect(await ask(late, 'late', 1)).toBe(false);
    expect(world.questions).toHaveLength(claimQuestionsBurstMax);
    const told = late.received.find(({ cmd }) => cmd === 'publish') as { payload: Buffer };
    expect(JSON.parse(String(told.payload)).code).toBe('claim.rate-exceeded');
    expect(await ask(await machine('sn-0', 'other'), 'sn-0', 1)).toBe(true);
    clock.advance(1000);
    expect(await ask(await machine('late'), 'late', 1)).toBe(true);
  });
});

describe('nobody else', () => {
  test('hears the answer: two machines with one claim', async () => {
    const { client, open, world } = await start();
    const spy = await open('sn-2');
    await subscribe(spy, 'onramp/v1/acme/provision/sn-2/response');
    await subscribe(client, response);
    client.send(publishPacket(request, asked));
    await acknowledged(client, 1);
    spy.send({ cmd: 'pingreq' });
    await spy.waitFor(({ cmd }) => cmd === 'pingresp');
    expect(spy.received.some(({ cmd }) => cmd === 'publish')).toBe(false);
    // And asking for the other's response ends the session.
    spy.send({ cmd: 'subscribe', messageId: 2, subscriptions: [{ topic: response, qos: 0 }] });
    await spy.waitForClose();
    expect(world.source.stats().refusals['claim.topic-not-allowed']).toBe(1);
  });
});

describe('a claim session', () => {
  test.each(['onramp/v1/acme/sn-1/telemetry', 'onramp/v1/acme/provision/sn-2/request'])(
    'that publishes to %s is told what it did, and is closed',
    async (topic) => {
      const { client, world } = await start();
      await subscribe(client, response);
      client.send(publishPacket(topic, '{"values":{"power":1}}'));
      await client.waitForClose();
      expect(world.messages).toEqual([]);
      expect(answers(client)).toMatchObject([
        { code: 'claim.topic-not-allowed', details: [topic] },
      ]);
    },
  );

  test('that asks with a retained request is told so, and is closed', async () => {
    const { client, world } = await start();
    await subscribe(client, response);
    client.send(publishPacket(request, asked, { retain: true }));
    await client.waitForClose();
    expect(world.questions).toEqual([]);
    expect(answers(client)).toMatchObject([{ code: 'claim.retained', details: [request] }]);
  });

  test('that asks for nothing is closed after a minute, and not before', async () => {
    const clock = new VirtualClock();
    const { client, world } = await start({ clock });
    await subscribe(client, response);
    clock.advance(limits.claimIdleMsMax - 1);
    client.send(publishPacket(request, asked));
    await acknowledged(client, 1);
    clock.advance(limits.claimIdleMsMax - 1);
    client.send({ cmd: 'pingreq' });
    await client.waitFor(({ cmd }) => cmd === 'pingresp');
    clock.advance(1);
    await client.waitForClose();
    expect(answers(client).at(-1)).toMatchObject({ code: 'claim.session-idle' });
    await expect.poll(() => world.events.at(-1)?.code).toBe('claim.session-idle');
    await expect.poll(() => clock.pending).toBe(0);
  });

  test('that ends leaves no timer behind', async () => {
    const clock = new VirtualClock();
    const { client } = await start({ clock });
    expect(clock.pending).toBeGreaterThan(0);
    client.close();
    await expect.poll(() => clock.pending).toBe(0);
  });

  test('is reported as one', async () => {
    const { world } = await start();
    expect(world.changes).toMatchObject([{ client: 'acme.claim.sn-1' }]);
    // The device of that name is another: shutting it out does not end the claim's session.
    world.source.shutOut('acme.sn-1', 'device.suspended');
    expect(world.source.stats().sessions).toBe(1);
  });
});
