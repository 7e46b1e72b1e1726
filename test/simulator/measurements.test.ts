import { describe, expect, it } from 'vitest';
import { Measurements } from '../../simulator/measurements.ts';

function measure(offset: number): Measurements {
  const measurements = new Measurements();
  measurements.counters.sent = 10 + offset;
  measurements.counters.acked = offset;
  measurements.latencies.ack.record(5 + offset);
  measurements.recordConnect({ begunMs: 100, tcpMs: 103, tlsMs: 110, connackMs: 130 + offset });
  measurements.recordFailure({ stage: 'connack', code: '5' }, 1 + offset);
  return measurements;
}

describe('Measurements', () => {
  it('merge to what one process would have measured, through JSON', () => {
    const merged = measure(0);
    merged.add(JSON.parse(JSON.stringify(measure(7).encode())));
    merged.recordFailure({ stage: 'tcp', code: 'refused' });
    expect(merged.counters).toMatchObject({ sent: 27, acked: 7, due: 0 });
    expect(merged.latencies.ack.summary()).toMatchObject({ count: 2, p50: 5.003, max: 12.007 });
    expect(merged.failures()).toEqual([
      { stage: 'connack', code: '5', count: 9 },
      { stage: 'tcp', code: 'refused', count: 1 },
    ]);
  });

  it('time the stages of a connection', () => {
    const { latencies } = measure(0);
    expect(latencies.tcp.summary()!.p50).toBeCloseTo(3, 1);
    expect(latencies.tls.summary()!.p50).toBeCloseTo(7, 1);
    expect(latencies.connack.summary()!.p50).toBeCloseTo(20, 1);
    expect(latencies.connect.summary()!.p50).toBeCloseTo(30, 1);
  });

  it('have no TLS stage without TLS', () => {
    const measurements = new Measurements();
    measurements.recordConnect({ begunMs: 100, tcpMs: 103, tlsMs: 0, connackMs: 130 });
    expect(measurements.latencies.tls.summary()).toBeNull();
    expect(measurements.latencies.connack.summary()!.p50).toBeCloseTo(27, 1);
  });
});
