/** What sessions that were let in may not do: topics, filters, wills, retained messages. */

import { native } from '../../model/dialects/native.ts';
import { provisioningTopic } from '../../model/dialects/native-provisioning.ts';
import type { MqttProbe } from './mqtt-probe.ts';
import { type CardName, machine, none, other, own } from './names.ts';

const topic = native.topic;
const request = (enterprise: string, serial: string) =>
  provisioningTopic({ enterprise, serial, channel: 'request' });
const response = (enterprise: string, serial: string) =>
  provisioningTopic({ enterprise, serial, channel: 'response' });

/** A session that may send or listen only for itself. */
export interface Confined {
  readonly card: CardName;
  /** Device, gateway or serial. */
  readonly self: string;
  readonly kind: 'device' | 'gateway' | 'claim';
  readonly tls?: true;
}

/** One of each kind. */
export const confined: readonly Confined[] = [
  { card: 'prober', self: 'prober', kind: 'device' },
  { card: 'certified', self: 'certified', kind: 'device', tls: true },
  { card: 'gate', self: 'gate', kind: 'gateway' },
  { card: 'claim batch', self: 'sn-probe', kind: 'claim' },
];

const channels = ['telemetry', 'event', 'command', 'command/reply'] as const;

/** Topics nobody may publish to: what each is, and which it is for a session called `self`. */
function foreignTopics({ self, kind }: Confined): (readonly [string, string])[] {
  // A gateway may name any device of its enterprise; whether that names it is checked later.
  const neighbours = kind === 'gateway' ? [] : [machine, 'absent'];
  return [
    ...neighbours.flatMap((device) =>
      channels.map((channel) => [`${device}'s ${channel}`, topic(own, device, channel)] as const),
    ),
    ...[other, none].flatMap((enterprise) =>
      channels.map(
        (channel) => [`${enterprise}'s ${channel}`, topic(enterprise, machine, channel)] as const,
      ),
    ),
    [`${other}'s device of the same name`, topic(other, self, 'telemetry')],
    ['its own command', topic(own, self, 'command')],
    ['its own response', response(own, self)],
    ["another serial's request", request(own, 'sn-other')],
    ["another serial's response", response(own, 'sn-other')],
    [`${other}'s request`, request(other, self)],
    ['$SYS', '$SYS/broker/clients/connected'],
    ['a shared subscription', `$share/group/${topic(own, self, 'telemetry')}`],
    ['a topic of its own making', 'factory/line-1/telemetry'],
    ['too few levels', `onramp/v1/${own}/${self}`],
    ['too many levels', `${topic(own, self, 'telemetry')}/more`],
    ['an empty level', `onramp/v1/${own}//telemetry`],
    ['a slash at the end', `${topic(own, self, 'telemetry')}/`],
    ['a slash at the beginning', `/${topic(own, self, 'telemetry')}`],
    ['capital letters', `onramp/v1/${own.toUpperCase()}/${self}/telemetry`],
    ['another version', `onramp/v2/${own}/${self}/telemetry`],
    ['a way up', `onramp/v1/${own}/${self}/../${machine}/telemetry`],
    // A device has no request of its own; a claim session has nothing but that.
    ...(kind === 'claim'
      ? (['telemetry', 'event', 'command/reply'] as const).map(
          (channel) => [`its own ${channel}`, topic(own, self, channel)] as const,
        )
      : [['its own request', request(own, self)] as const]),
  ];
}

/** Filters nobody may subscribe to. */
export function foreignFilters({ self, kind }: Pick<Confined, 'self' | 'kind'>): string[] {
  const command = topic(own, self, 'command');
  return [
    '#',
    '+/#',
    '/#',
    '$SYS/#',
    '$SYS/broker/clients/connected',
    '$share/group/#',
    `$share/group/${command}`,
    'onramp/#',
    'onramp/v1/+/+/command',
    'onramp/v1/+/+/telemetry',
    `onramp/v1/${own}/#`,
    `onramp/v1/${own}/+/command`,
    `onramp/v1/${own}/${self}/#`,
    `onramp/v1/${own}/${self}/+`,
    `onramp/v1/${own}/provision/+/response`,
    `onramp/v1/${other}/provision/#`,
    topic(own, self, 'telemetry'),
    topic(own, machine, 'telemetry'),
    topic(other, machine, 'telemetry'),
    topic(other, machine, 'command'),
    response(own, 'sn-other'),
    response(other, self),
    ...(kind === 'gateway' ? [] : [topic(own, machine, 'command')]),
    ...(kind === 'claim' ? [command, request(own, self)] : [response(own, self)]),
  ];
}

/** Every attempt of one such session. */
export function* outOfBounds(session: Confined): Generator<MqttProbe> {
  const { card, kind, self, tls } = session;
  const as = { card, ...(tls && { tls }), ...(kind === 'claim' && { serial: self }) };
  for (const [what, to] of foreignTopics(session)) {
    for (const qos of [0, 1, 2] as const) {
      const attempt = { publish: to, qos };
      yield { ...as, what: `publishes to ${what}, QoS ${qos}`, attempt, expects: 'closed' };
    }
    yield { ...as, what: `a will to ${what}`, attempt: { will: to }, expects: 'connack 5' };
  }
  for (const filter of foreignFilters(session)) {
    const expects = kind === 'claim' ? 'closed' : 'suback 128';
    yield { ...as, what: `subscribes to ${filter}`, attempt: { subscribe: filter }, expects };
  }
  for (const qos of [0, 1] as const) {
    const to = kind === 'claim' ? request(own, self) : topic(own, self, 'telemetry');
    const retained = { publish: to, qos, retain: true } as const;
    yield { ...as, what: `a retained message, QoS ${qos}`, attempt: retained, expects: 'closed' };
  }
  const will = kind === 'claim' ? request(own, self) : topic(own, self, 'telemetry');
  const expects = 'connack 5';
  const retained = { will, retain: true } as const;
  yield { ...as, what: 'a retained will', attempt: retained, expects };
  if (kind === 'claim') yield { ...as, what: 'a will', attempt: { will }, expects };
}
