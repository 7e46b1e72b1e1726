import { describe, expect, it } from 'vitest';
import { latencyBucketBoundsMs, latencyBucketOf } from '../../model/latency-buckets.ts';
import { EnterpriseLatencies } from '../../simulator/fairness.ts';

const ids = ['e1', 'e2', 'e3', 'e4'];

function record(latencies: EnterpriseLatencies, enterprise: number, ms: number, times = 20): void {
  for (let i = 0; i < times; i++) latencies.record(enterprise, latencyBucketOf(ms));
}

describe('EnterpriseLatencies', () => {
  it('name the worst and the median of the enterprises with enough readings', () => {
    const latencies = new EnterpriseLatencies(4);
    record(latencies, 0, 4);
    record(latencies, 1, 16);
    record(latencies, 2, 64);
    record(latencies, 3, 1000, 19);
    expect(latencies.report(ids)).toEqual({
      enterprises: 3,
      worstEnterprise: 'e3',
      worstEnterpriseAckMsP99: 64,
      medianEnterpriseAckMsP99: 16,
      starved: 0,
    });
  });

  it('count whose readings came due and were not acknowledged, not one of them', () => {
    const latencies = new EnterpriseLatencies(4);
    for (const enterprise of [0, 1, 3]) latencies.due(enterprise);
    record(latencies, 1, 4, 1);
    expect(latencies.report(ids)).toEqual({
      enterprises: 0,
      worstEnterprise: null,
      worstEnterpriseAckMsP99: null,
      medianEnterpriseAckMsP99: null,
      starved: 2,
    });
    const other = new EnterpriseLatencies(4);
    record(other, 0, 16);
    latencies.add(other.encode());
    expect(latencies.report(ids)).toMatchObject({ enterprises: 1, starved: 1 });
  });

  it('know nothing when nobody has enough readings', () => {
    const latencies = new EnterpriseLatencies(4);
    record(latencies, 3, 1000, 19);
    expect(latencies.report(ids)).toBeNull();
  });

  it('merge to what one process would have counted', () => {
    const whole = new EnterpriseLatencies(4);
    const parts = [new EnterpriseLatencies(4), new EnterpriseLatencies(4)];
    for (let i = 0; i < 4000; i++) {
      const [enterprise, ms] = [(i * 7) % 4, (i * 31) % 977];
      whole.due(enterprise);
      parts[i % 2]!.due(enterprise);
      record(whole, enterprise, ms, 1);
      record(parts[i % 2]!, enterprise, ms, 1);
    }
    const merged = new EnterpriseLatencies(4);
    for (const part of parts) merged.add(part.encode());
    expect(merged.encode()).toEqual(whole.encode());
    expect(merged.report(ids)).toEqual(whole.report(ids));
  });

  it('do not make up a bound for what was longer than the longest', () => {
    const latencies = new EnterpriseLatencies(1);
    record(latencies, 0, 3_600_000);
    expect(latencies.report(['e1'])!.worstEnterpriseAckMsP99).toBe(latencyBucketBoundsMs.at(-1));
  });
});
