import { KnownDevice } from '../../../gateway/pipeline/known-device.ts';
import type { SourceMessage } from '../../../gateway/sources/source.ts';

const known = new KnownDevice({
  enterprise: 'acme',
  device: 'p1',
  profile: 'press',
  district: 'wujin',
  industry: '34',
});

/** A message of acme.p1 at QoS 1; what is given differs. */
export function messageAt(arrivedAtMs: number, over: Partial<SourceMessage> = {}): SourceMessage {
  return {
    enterprise: 'acme',
    deviceId: 'p1',
    device: known,
    channel: 'telemetry',
    topic: 'onramp/v1/acme/p1/telemetry',
    content: Buffer.from('{"values":{"power":1}}'),
    bestEffort: false,
    excess: false,
    ackWaitMs: 20_000,
    arrivedAtMs,
    settle: () => {},
    ...over,
  };
}
