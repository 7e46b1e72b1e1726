/** What must be refused at CONNECT, with which return code (MQTT 3.1.1 §3.2.2.3). */

import type { MqttProbe } from './mqtt-probe.ts';
import { batch, type CardName, derived, machine, none, other, own } from './names.ts';

type Refused = readonly [code: 2 | 4 | 5, card: CardName, what: string, more?: Partial<MqttProbe>];

const connects: readonly Refused[] = [
  [4, 'nothing', 'no credentials'],
  [4, 'nothing', 'no client id either', { instead: { clientId: '' } }],
  [4, 'nothing', 'a user name alone', { instead: { username: `${own}/prober` } }],
  [4, 'nothing', 'a claim without its secret', { instead: { username: `${own}/claim/${batch}` } }],
  [4, 'nothing', 'an unknown enterprise', presented(`${none}/x`, 'guess')],
  [4, 'nothing', 'an unknown device', presented(`${own}/absent`, 'guess')],
  [4, 'nothing', 'a wrong password', presented(`${own}/${machine}`, 'guess')],
  [4, 'nothing', 'an empty password', presented(`${own}/${machine}`, '')],
  [4, 'nothing', 'an unknown claim', presented(`${own}/claim/absent`, 'guess')],
  [4, 'nothing', 'a forged claim', presented(`${own}/claim/${batch}`, 'guess')],
  [4, 'nothing', 'a user name of three levels', presented(`${own}/${machine}/x`, 'guess')],
  [4, 'prober', 'as a neighbour', named(own, machine)],
  [4, 'prober', `as ${other}'s device`, named(other, machine)],
  [4, 'prober', `as ${other}'s gateway`, named(other, 'gate')],
  [4, 'prober', 'as its gateway', named(own, 'gate')],
  [4, 'prober', 'as the claim', named(own, `claim/${batch}`)],
  [2, 'prober', "with a neighbour's client id", { instead: { clientId: `${own}.${machine}` } }],
  [2, 'prober', `with ${other}'s client id`, { instead: { clientId: `${other}.${machine}` } }],
  [2, 'prober', "with its gateway's client id", { instead: { clientId: `${own}.gate` } }],
  [2, 'prober', "with a claim's client id", { instead: { clientId: `${own}.claim.prober` } }],
  [2, 'prober', 'with an empty client id', { instead: { clientId: '' } }],
  [2, 'gate', "with its device's client id", { instead: { clientId: `${own}.carried` } }],
  [2, 'gate', `with ${other}'s client id`, { instead: { clientId: `${other}.gate` } }],
  [4, 'gate', "as its device, with the gateway's secret", named(own, 'carried')],
  [4, 'gate', `as ${other}'s gateway`, named(other, 'gate')],
  [5, 'suspended', 'suspended'],
  [4, 'suspended', 'suspended, with a wrong secret', { instead: { password: 'guess' } }],
  [5, 'revoked', 'revoked'],
  [5, 'retired', 'decommissioned'],
  [5, 'claim expired', 'an expired claim', { serial: 'sn-probe' }],
  [5, 'claim revoked', 'a revoked claim', { serial: 'sn-probe' }],
  [4, 'claim batch', `${other}'s claim of the same name`, named(other, `claim/${batch}`)],
  [2, 'claim batch', `with ${other}'s client id`, { instead: { clientId: `${other}.claim.x` } }],
  [2, 'claim batch', "with a device's client id", { instead: { clientId: `${own}.${machine}` } }],
  [2, 'claim batch', 'for a serial with a dot', { instead: { clientId: `${own}.claim.a.b` } }],
  [4, 'claim batch', 'as a device', named(own, machine)],
  [4, 'other claim', `as ${own}'s claim`, named(own, `claim/${batch}`)],
  [4, 'other machine', `as ${own}'s device of the same name`, named(own, machine)],
  [4, 'group machine', 'with a secret derived for a device that has another'],
  [4, 'group line', `derived for ${other}'s device`, named(other, derived)],
  [4, 'group revoked', 'of a revoked key'],
  [4, 'other group', `of ${other}'s key`],
  [4, 'token operator', 'the operator token as password', named(own, machine)],
  [4, 'token enterprise', 'an API token as password', named(own, machine)],
];

/** Client certificates, all over TLS. */
const certificates: readonly Refused[] = [
  [5, 'certificate replaced', 'older than the one in use'],
  [5, 'certificate expired', 'expired'],
  [5, 'certificate not yet valid', 'not yet valid'],
  [5, 'certificate of another authority', `signed by ${other}'s authority`],
  [5, 'certificate of a stranger', 'signed by nobody known'],
  [5, 'certificate of a namesake', "signed by another key of the authority's name"],
  [5, 'certificate of a revoked authority', 'signed by a revoked authority'],
  [5, "certificate of another enterprise's device", `for ${other}'s device`],
  [5, 'certificate of nobody registered', 'for a device that is not registered'],
  [2, 'certified', "with a neighbour's client id", { instead: { clientId: `${own}.${machine}` } }],
  [2, 'certified', `with ${other}'s client id`, { instead: { clientId: `${other}.${machine}` } }],
  [4, 'certified', "with a neighbour's user name", { instead: { username: `${own}/${machine}` } }],
  [4, 'certified', 'with a password that is none', presented(`${own}/certified`, 'guess')],
  [4, 'nothing', 'no certificate'],
];

function presented(username: string, password: string): Partial<MqttProbe> {
  return { instead: { username, password } };
}

/** Somebody else's name and client id, with the secret of the card. */
function named(enterprise: string, subject: string): Partial<MqttProbe> {
  const claim = subject.startsWith('claim/');
  const clientId = claim ? `${enterprise}.claim.sn-probe` : `${enterprise}.${subject}`;
  return { instead: { clientId, username: `${enterprise}/${subject}` } };
}

/** All of them. */
export const connectProbes: readonly MqttProbe[] = [
  ...connects.map(probe),
  ...certificates.map((refused): MqttProbe => ({ ...probe(refused), tls: true })),
];

function probe([code, card, what, more = {}]: Refused): MqttProbe {
  return { card, what, attempt: { connect: true }, expects: `connack ${code}`, ...more };
}
