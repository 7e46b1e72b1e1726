/** Reads a row as the values a device publishes: noise added, clamped to the range, rounded. */

import type { DeviceProfile, Signal } from '../../model/profile.ts';
import { normalAt } from '../../model/random.ts';
import type { SignalValue } from '../../model/reading.ts';
import { formatPattern } from './draw.ts';
import { type Layout, slots } from './layout.ts';
import { plainDynamics } from './signal.ts';

/** Reads one signal. `stamp` seeds the measurement noise of this device at this moment. */
export type ReadSignal = (row: Float64Array, base: number, stamp: number) => SignalValue;

/** What is published of a profile, in its order. */
export interface PublishedSignal {
  readonly id: string;
  readonly key: boolean;
  readonly read: ReadSignal;
}

/** Compiles the readers of a profile; hidden signals are left out. */
export function compilePublished(profile: DeviceProfile, layout: Layout): PublishedSignal[] {
  return profile.signals
    .map((signal, lane) => ({ signal, lane }))
    .filter(({ signal }) => !signal.hidden)
    .map(({ signal, lane }) => ({
      id: signal.id,
      key: signal.key === true,
      read: compileReader(signal, lane, layout),
    }));
}

function compileReader(signal: Signal, lane: number, layout: Layout): ReadSignal {
  const slot = layout.signalSlot(signal.id);
  const dynamics = signal.dynamics ?? plainDynamics(signal, layout.states);
  if (dynamics.kind === 'state') {
    const { states } = layout;
    return (row, base) => states[row[base + slots.state]!]!;
  }
  switch (signal.type) {
    case 'bool':
      return (row, base) => row[base + slot] !== 0;
    case 'enum': {
      const values = signal.values ?? [];
      return (row, base) => values[row[base + slot]!]!;
    }
    case 'string': {
      if (dynamics.kind !== 'onEnter' || !('pattern' in dynamics.draw)) return () => '';
      const format = formatPattern(dynamics.draw.pattern);
      return (row, base) => format(row[base + slot]!);
    }
    default: {
      const noise = 'noise' in dynamics && dynamics.kind !== 'onCycle' ? (dynamics.noise ?? 0) : 0;
      return numberReader(signal, slot, noise, lane);
    }
  }
}

function numberReader(signal: Signal, slot: number, noise: number, lane: number): ReadSignal {
  const [low, high] = signal.range ?? [-Number.MAX_VALUE, Number.MAX_VALUE];
  const scale = 10 ** (signal.type === 'int' ? 0 : (signal.precision ?? 3));
  // Adding 0 turns -0 into 0. A value that is not finite reads as the lower end of the range.
  const publish = (value: number): number => {
    const clamped = value >= low ? Math.min(value, high) : low;
    return Math.round(clamped * scale) / scale + 0;
  };
  if (noise === 0) return (row, base) => publish(row[base + slot]!);
  return (row, base, stamp) => {
    const value = row[base + slot]!;
    // What is at rest reads as rest: a stopped spindle does not tremble about zero.
    const quiet = value < noise && value > -noise;
    return publish(quiet ? value : value + noise * normalAt(stamp, lane));
  };
}
