/** Attempts over MQTT and what must come of each. */

import { native } from '../../model/dialects/native.ts';
import { confined, outOfBounds } from './mqtt-bounds.ts';
import { connectProbes } from './mqtt-connects.ts';
import type { MqttProbe } from './mqtt-probe.ts';
import { type CardName, carried, derived, machine, newcomer, notCarried, own } from './names.ts';
import type { Outcome } from './outcome.ts';

const topic = native.topic;

type Asked = readonly [
  expects: Outcome,
  card: CardName,
  serial: string,
  what: string,
  asked?: string,
];

/** Requests of claim sessions, and with what they must be answered. */
const claims: readonly Asked[] = [
  ['answer ok', 'claim batch', `${newcomer}-1`, 'claims a credential'],
  ['answer ok', 'claim listed', `${newcomer}-2`, 'claims with a serial on the list'],
  ['answer ok', 'claim spent', `${newcomer}-3`, 'claims again before it was used'],
  ['answer claim.request-invalid', 'claim batch', 'sn-probe', "another's serial", 'sn-other'],
  ['answer claim.serial-taken', 'claim batch', machine, 'the id of a device in use'],
  ['answer claim.serial-taken', 'claim batch', 'sn-machine', 'the serial of a device in use'],
  ['answer claim.serial-taken', 'claim batch', 'gate', 'the id of a gateway'],
  ['answer claim.serial-taken', 'claim batch', 'certified', 'a device with a certificate'],
  ['answer device.suspended', 'claim batch', 'sn-suspended', 'a suspended device'],
  ['answer device.revoked', 'claim batch', 'sn-revoked', 'a revoked device'],
  ['answer device.revoked', 'claim batch', 'sn-retired', 'a decommissioned device'],
  ['connack 5', 'claim listed', 'sn-stranger', 'a serial not on the list'],
  ['answer claim.spent', 'claim spent', 'sn-second', 'a second device of a claim for one'],
];

/** What must succeed, so that a door that is closed to all proves nothing. */
const controls: readonly MqttProbe[] = [
  publishes('prober', 'publishes its telemetry', 'prober'),
  publishes('certified', 'publishes its telemetry', 'certified', { tls: true }),
  publishes('certificate renewed', 'publishes its telemetry', 'renewed', { tls: true }),
  publishes('group line', 'publishes its telemetry', derived),
  publishes('gate', 'publishes for its device', carried),
  {
    card: 'prober',
    what: 'subscribes to its commands',
    attempt: { subscribe: topic(own, 'prober', 'command') },
    expects: 'suback 1',
  },
  {
    card: 'prober',
    what: 'a will to its telemetry',
    attempt: { will: topic(own, 'prober', 'telemetry') },
    expects: 'connected',
  },
];

function publishes(
  card: CardName,
  what: string,
  device: string,
  more: Partial<MqttProbe> = {},
): MqttProbe {
  const attempt = { publish: topic(own, device, 'telemetry'), qos: 1 } as const;
  return { card, what, attempt, expects: 'puback', ...more };
}

/** A gateway hears that such readings are kept as refused; they must not become rows. */
const refusedLater: readonly MqttProbe[] = [
  publishes('gate', "publishes for another gateway's device", notCarried),
  publishes('gate', 'publishes for a device that has no gateway', machine),
  publishes('gate', 'publishes as itself', 'gate'),
  publishes('gate', 'publishes for nobody registered', 'absent'),
];

/** All of them, in an order in which they can be made again and again. */
export const mqttProbes: readonly MqttProbe[] = [
  ...controls,
  ...claims.map(claimProbe),
  ...connectProbes,
  ...confined.flatMap((session) => [...outOfBounds(session)]),
  ...refusedLater,
  {
    card: 'nothing',
    what: 'publishes without CONNECT',
    attempt: { unannounced: topic(own, machine, 'telemetry') },
    expects: 'closed before connack',
  },
];

function claimProbe([expects, card, serial, what, asked = serial]: Asked): MqttProbe {
  const claim = JSON.stringify({ serial: asked, profile: 'generic' });
  return { card, serial, what, attempt: { claim }, expects };
}
