/**
 * Divides an enterprise's messages per second between workers, so that four workers do not give it
 * four times its limit. Pure: reports in, shares out.
 */

import type { EnterpriseRate, RateShare } from '../processes/messages.ts';

export class RateShares {
  readonly #reports = new Map<string, ReadonlyMap<string, EnterpriseRate>>();
  /** Enterprises that had a share by the last answer. */
  #shared: ReadonlySet<string> = new Set();

  /** What came through a worker (its generation) in the last second. */
  report(worker: string, rates: readonly EnterpriseRate[]): void {
    this.#reports.set(worker, new Map(rates.map((rate) => [rate.enterprise, rate])));
  }

  /** A worker that has ended takes nothing more. */
  forget(worker: string): void {
    this.#reports.delete(worker);
  }

  /**
   * What each worker may take, the same for every worker: the level up to which the demands of all
   * add up to the limit. Null for an enterprise that is below its limit again.
   */
  shares(): RateShare[] {
    const shares: RateShare[] = [];
    const shared = new Set<string>();
    const reported = this.#byEnterprise();
    for (const [enterprise, rates] of reported) {
      const limit = Math.min(...rates.map(({ limitPerSecond }) => limitPerSecond));
      const perSecond = levelOf(
        rates.map(({ offeredPerSecond }) => offeredPerSecond),
        limit,
      );
      if (perSecond !== null) shared.add(enterprise);
      if (perSecond !== null || this.#shared.has(enterprise)) {
        shares.push({ enterprise, perSecond });
      }
    }
    for (const enterprise of this.#shared) {
      if (!reported.has(enterprise)) shares.push({ enterprise, perSecond: null });
    }
    this.#shared = shared;
    return shares;
  }

  #byEnterprise(): Map<string, EnterpriseRate[]> {
    const byEnterprise = new Map<string, EnterpriseRate[]>();
    for (const report of this.#reports.values()) {
      for (const rate of report.values()) {
        const others = byEnterprise.get(rate.enterprise);
        if (others === undefined) byEnterprise.set(rate.enterprise, [rate]);
        else others.push(rate);
      }
    }
    return byEnterprise;
  }
}

/**
 * The level at which demands, each cut to it, add up to `limit` (max-min fairness); null when they
 * are no more than the limit together.
 */
function levelOf(demands: readonly number[], limit: number): number | null {
  if (demands.reduce((sum, demand) => sum + demand, 0) <= limit) return null;
  let left = limit;
  const ascending = demands.toSorted((a, b) => a - b);
  for (const [index, demand] of ascending.entries()) {
    const level = left / (ascending.length - index);
    if (demand >= level) return level;
    left -= demand;
  }
  return null;
}
