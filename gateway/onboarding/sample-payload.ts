/** A message that a device of a profile may send, to try a connection with. */

import {
  type DeviceProfile,
  genericProfileId,
  publishedSignals,
  type Signal,
} from '../../model/profile.ts';
import type { SignalValue } from '../../model/reading.ts';

/** Signals shown of a profile that marks none as key. */
const signalsMax = 6;

/**
 * A telemetry payload of the native dialect that passes the check of `profile`: its key signals,
 * each in the middle of its range, a machine that runs. Without `ts`, so that the gateway stamps
 * it, and sending it again is a reading of its own.
 */
export function samplePayload(profile: DeviceProfile): string {
  const values =
    profile.id === genericProfileId
      ? { temperature: 36.5, running: true, program: 'P-0815' }
      : Object.fromEntries(
          shownSignals(profile).map((signal) => [signal.id, sampleValue(signal, profile)]),
        );
  return JSON.stringify({ values });
}

function shownSignals(profile: DeviceProfile): readonly Signal[] {
  const published = publishedSignals(profile);
  const key = published.filter((signal) => signal.key);
  return key.length > 0 ? key : published.slice(0, signalsMax);
}

function sampleValue(signal: Signal, profile: DeviceProfile): SignalValue {
  switch (signal.type) {
    case 'float':
    case 'int':
      return middle(signal);
    case 'bool':
      return true;
    case 'enum':
      return runningState(signal, profile) ?? signal.values?.[0] ?? 'on';
    case 'string':
      return 'sample';
  }
}

/** Rounded to the signal's decimals, and inside the range also where that is narrower. */
function middle(signal: Signal): number {
  const [low, high] = signal.range ?? [0, 100];
  const exact = low + (high - low) / 2;
  const rounded = Number(exact.toFixed(signal.type === 'int' ? 0 : (signal.precision ?? 3)));
  if (rounded >= low && rounded <= high) return rounded;
  return signal.type === 'int' ? Math.ceil(low) : exact;
}

function runningState(signal: Signal, profile: DeviceProfile): string | undefined {
  const states = profile.behaviour?.states?.states ?? {};
  return signal.values?.find((value) => states[value]?.class === 'run');
}
