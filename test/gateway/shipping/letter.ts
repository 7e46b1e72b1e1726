import type { DeadLetter } from '../../../gateway/shipping/dead-letters.ts';

/** A dead letter; what is not given is the same for all. */
export function letter(more: Partial<DeadLetter>): DeadLetter {
  return {
    generation: 'w0-1',
    segment: 1,
    offset: 0,
    stage: 'check',
    index: 0,
    atMs: 1_700_000_000_000,
    enterprise: 'acme',
    device: 'd1',
    profile: 'generic',
    code: 'payload.not-json',
    detail: 'at 0',
    scope: 'reading',
    readings: 1,
    topic: 'onramp/v1/acme/d1/telemetry',
    payload: '{"a":1}',
    payloadEncoding: 'utf8',
    ...more,
  };
}
