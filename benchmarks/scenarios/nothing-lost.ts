/** What every reading of a city is promised, as thresholds. */

/** Each that came due was acknowledged, and each that was acknowledged is one row. */
export const nothingLost: readonly string[] = [
  'telemetry.acked == telemetry.due',
  'ledger.lost == 0',
  'ledger.duplicated == 0',
  'ledger.overwritten == 0',
];
