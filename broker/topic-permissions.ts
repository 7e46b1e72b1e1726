/** Who may use which topic of the native dialect. Pure; everything not allowed here is refused. */

import type { DeviceTopic } from '../model/dialects/dialect.ts';
import { native } from '../model/dialects/native.ts';
import {
  type ProvisioningTopic,
  parseProvisioningTopic,
} from '../model/dialects/native-provisioning.ts';
import type { ErrorCode } from '../model/errors.ts';
import type { Principal, TopicPermissions } from './access.ts';

/**
 * The rules of the native dialect. Wildcards, `$SYS` and other enterprises are closed to everybody.
 * - A device publishes telemetry, events and command replies under its own name and subscribes to
 *   its own commands.
 * - A gateway does so for any device of its own enterprise (that the device names it is checked where
 *   the device is looked up).
 * - A claim session publishes its own request and subscribes to its own response, so that no two
 *   machines that share a claim read each other's secrets; it leaves no will.
 */
export const nativePermissions: TopicPermissions = {
  mayPublish(principal, topic) {
    if (principal.kind === 'claim') return isOwnProvisioning(principal, topic, 'request');
    return mayPublishOwn(principal, topic);
  },
  maySubscribe(principal, filter) {
    if (principal.kind === 'claim') return isOwnProvisioning(principal, filter, 'response');
    const parsed = native.parseTopic(filter);
    return parsed !== null && parsed.channel === 'command' && isOwn(principal, parsed);
  },
  mayLeaveWill(principal, topic) {
    return principal.kind !== 'claim' && mayPublishOwn(principal, topic);
  },
};

/** Anyone may publish and subscribe anywhere: for conformance suites, loopback only. */
export const openPermissions: TopicPermissions = {
  mayPublish: () => true,
  maySubscribe: () => true,
  mayLeaveWill: () => true,
};

/** The code for a topic that a principal may not use. */
export function topicRefusal({ kind }: Principal): ErrorCode {
  return kind === 'claim' ? 'claim.topic-not-allowed' : 'topic.not-allowed';
}

/** The code for a message of a principal that is retained. */
export function retainedRefusal({ kind }: Principal): ErrorCode {
  return kind === 'claim' ? 'claim.retained' : 'topic.retained';
}

function mayPublishOwn(principal: Principal, topic: string): boolean {
  const parsed = native.parseTopic(topic);
  return parsed !== null && parsed.channel !== 'command' && isOwn(principal, parsed);
}

function isOwn(principal: Principal, topic: DeviceTopic): boolean {
  if (principal.enterprise !== topic.enterprise) return false;
  if (principal.kind === 'gateway') return true;
  return principal.kind === 'device' && principal.subject === topic.device;
}

function isOwnProvisioning(
  { enterprise, subject }: Principal,
  topic: string,
  channel: ProvisioningTopic['channel'],
): boolean {
  const parsed = parseProvisioningTopic(topic);
  if (parsed === null || parsed.channel !== channel) return false;
  return parsed.enterprise === enterprise && parsed.serial === subject;
}
