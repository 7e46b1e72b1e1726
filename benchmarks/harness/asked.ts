/** What a run was not asked, so that its scenario's thresholds over it are left out. Pure. */

/** What was chosen for a run. */
export interface Asked {
  readonly qos: 0 | 1;
  readonly isolation: boolean;
  /** It plays against somebody else's platform. */
  readonly target: boolean;
}

/** At QoS 0 nothing is acknowledged, and so nothing is promised. */
const acknowledged = /^(telemetry\.(acked|ackMs)|ledger\.(acked|lost|overwritten)|fairness)\b/;

const probed = /^isolation\b/;

/** What only the run's own gateway, its machine and its store can say. */
const ofOwnPlatform =
  /^(connect\.proof\.(broker|kernel|store)|telemetry\.storedMs|ledger\.(stored|lost|duplicated|overwritten|deadLettered|late)|isolation)\b/;

/** False for a number that cannot be known in a run such as this one. */
export function isAsked(path: string, { isolation, qos, target }: Asked): boolean {
  if (qos === 0 && acknowledged.test(path)) return false;
  if (!isolation && probed.test(path)) return false;
  return !(target && ofOwnPlatform.test(path));
}
