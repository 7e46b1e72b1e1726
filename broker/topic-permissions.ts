/** Who may use which topic of the native dialect. Pure; everything not allowed here is refused. */

import { native } from '../model/dialects/native.ts';
import type { Principal, TopicPermissions } from './access.ts';

/**
 * The rules of the native dialect: a device publishes telemetry, events and command replies under
 * its own name and subscribes to its own commands; a gateway publishes for any device of its own
 * enterprise (that the device names it is checked where the device is looked up). Wildcards,
 * `$SYS` and other enterprises are closed.
 */
export const nativePermissions: TopicPermissions = {
  mayPublish(principal, topic) {
    const parsed = native.parseTopic(topic);
    if (parsed === null || parsed.channel === 'command') return false;
    return isOwn(principal, parsed.enterprise, parsed.device);
  },
  maySubscribe(principal, filter) {
    const parsed = native.parseTopic(filter);
    if (parsed === null || parsed.channel !== 'command') return false;
    return isOwn(principal, parsed.enterprise, parsed.device);
  },
};

/** Anyone may publish and subscribe anywhere: for conformance suites, loopback only. */
export const openPermissions: TopicPermissions = {
  mayPublish: () => true,
  maySubscribe: () => true,
};

function isOwn(principal: Principal, enterprise: string, device: string): boolean {
  if (principal.enterprise !== enterprise) return false;
  return principal.kind === 'gateway' || principal.subject === device;
}
