/** Coming on board in the native dialect: the topics and identities of claim sessions. */

import { isDirectoryId } from '../identifiers.ts';

const topicPrefix = 'onramp/v1/';

/** Which of its two topics a claim session speaks of. */
export interface ProvisioningTopic {
  readonly enterprise: string;
  readonly serial: string;
  readonly channel: 'request' | 'response';
}

/** `onramp/v1/{enterprise}/provision/{serial}/request`, or `…/response`. */
export function provisioningTopic({ enterprise, serial, channel }: ProvisioningTopic): string {
  return `${topicPrefix}${enterprise}/provision/${serial}/${channel}`;
}

/** The parts of a provisioning topic; null for any other topic or filter. */
export function parseProvisioningTopic(topic: string): ProvisioningTopic | null {
  if (!topic.startsWith(topicPrefix)) return null;
  const levels = topic.slice(topicPrefix.length).split('/');
  const [enterprise = '', fixed, serial = '', channel] = levels;
  if (levels.length !== 4 || fixed !== 'provision') return null;
  if (channel !== 'request' && channel !== 'response') return null;
  return isDirectoryId(enterprise) && isDirectoryId(serial)
    ? { enterprise, serial, channel }
    : null;
}

/** How a machine with `serial` presents a claim. */
export function claimCredentials(
  enterprise: string,
  serial: string,
  claim: string,
  secret: string,
): { readonly clientId: string; readonly username: string; readonly password: string } {
  return {
    clientId: `${enterprise}.claim.${serial}`,
    username: `${enterprise}/claim/${claim}`,
    password: secret,
  };
}

/** Splits the user name `{enterprise}/claim/{claim}`; null for anything else. */
export function parseClaimUsername(username: string): { enterprise: string; claim: string } | null {
  const [enterprise = '', fixed, claim = '', ...rest] = username.split('/');
  if (fixed !== 'claim' || rest.length > 0) return null;
  return isDirectoryId(enterprise) && isDirectoryId(claim) ? { enterprise, claim } : null;
}

/** The serial of the client id `{enterprise}.claim.{serial}`; null when it is not that enterprise's. */
export function claimedSerial(clientId: string, enterprise: string): string | null {
  const prefix = `${enterprise}.claim.`;
  if (!clientId.startsWith(prefix)) return null;
  const serial = clientId.slice(prefix.length);
  return isDirectoryId(serial) ? serial : null;
}
