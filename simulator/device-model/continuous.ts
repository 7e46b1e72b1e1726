/** Signals that move with time: expressions, lags, noise, integrals, oscillations. */

import { type Builders, type Compiled, fixed } from './dynamics.ts';
import { slots } from './layout.ts';
import { localDay } from './schedule.ts';

export const continuousBuilders = {
  /** The value of an expression. */
  expr({ expr }, context): Compiled {
    const { slot } = context;
    const value = context.number(expr);
    const remember = context.meanSlot;
    return {
      start: (row, base, ambient) => {
        row[base + slot] = value(row, base, ambient);
      },
      step(row, base, ambient) {
        const before = row[base + slot]!;
        const now = value(row, base, ambient);
        row[base + slot] = now;
        if (remember !== undefined) row[base + remember] = (before + now) / 2;
      },
    };
  },

  /** First-order lag, integrated exactly for a target that stays over the step. */
  lag({ target, tauS, start, clamp }, context): Compiled {
    const { slot, meanSlot } = context;
    const aim = context.number(target);
    const [low, high] = clamp ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    return {
      start: fixed(slot, start === undefined ? aim : context.number(start)),
      step(row, base, ambient, stepS) {
        const before = row[base + slot]!;
        const toward = aim(row, base, ambient);
        const decay = Math.exp(-stepS / tauS);
        row[base + slot] = Math.min(high, Math.max(low, toward + (before - toward) * decay));
        if (meanSlot === undefined) return;
        const share = stepS > 0 ? ((1 - decay) * tauS) / stepS : 1;
        row[base + meanSlot] = toward + (before - toward) * share;
      },
    };
  },

  /** Ornstein-Uhlenbeck noise about a mean, by its exact discretisation (Gillespie 1996). */
  ou({ mean, tauS, sd, clamp: [low, high] }, context): Compiled {
    const { slot, meanSlot, random } = context;
    const centre = context.number(mean);
    return {
      start: (row, base, ambient) => {
        const value = centre(row, base, ambient) + sd * random.normal();
        row[base + slot] = Math.min(high, Math.max(low, value));
      },
      step(row, base, ambient, stepS) {
        if (stepS === 0) return;
        const before = row[base + slot]!;
        const about = centre(row, base, ambient);
        const decay = Math.exp(-stepS / tauS);
        const spread = sd * Math.sqrt(1 - decay * decay);
        const value = about + (before - about) * decay + spread * random.normal();
        const now = Math.min(high, Math.max(low, value));
        row[base + slot] = now;
        if (meanSlot !== undefined) row[base + meanSlot] = (before + now) / 2;
      },
    };
  },

  /**
   * Accumulates a rate per second. Lags count with their exact mean over the step, other signals
   * with the mean of before and after, so a register is right for steps of any length.
   */
  integral(
    { rate, start, clamp, resetOnEnter, resetDaily, resetWhen, resetDraw },
    context,
  ): Compiled {
    const { slot } = context;
    const perSecond = context.number(rate, 'mean');
    const [low, high] = clamp ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
    const reset = fixed(slot, resetDraw ? context.draw(resetDraw) : () => 0);
    const due = resetWhen === undefined ? undefined : context.number(resetWhen);
    return {
      start: start ? fixed(slot, context.draw(start)) : reset,
      ...(resetOnEnter ? { onEnter: { states: resetOnEnter, act: reset } } : {}),
      step(row, base, ambient, stepS) {
        const value = row[base + slot]! + perSecond(row, base, ambient) * stepS;
        row[base + slot] = Math.min(high, Math.max(low, value));
        if (due !== undefined && due(row, base, ambient) !== 0) reset(row, base, ambient);
        if (resetDaily && dayBegan(row[base + slots.timeMs]!, stepS)) reset(row, base, ambient);
      },
    };
  },

  /** A sine while in some states, at rest otherwise; its phase survives a change of period. */
  osc({ amplitude, offset = 0, phase = 0, periodS, inStates, rest }, context): Compiled {
    const { slot } = context;
    const angleSlot = context.allocate();
    const period = context.number(periodS);
    const moving = context.stateMask(inStates);
    return {
      start: (row, base) => {
        row[base + slot] = rest;
        row[base + angleSlot] = row[base + slots.phase]!;
      },
      step(row, base, ambient, stepS) {
        if (moving[row[base + slots.state]!] === 0) {
          row[base + slot] = rest;
          return;
        }
        const periodNow = Math.max(0.01, period(row, base, ambient));
        const turned = row[base + angleSlot]! + (2 * Math.PI * stepS) / periodNow;
        const angle = turned % (2 * Math.PI);
        row[base + angleSlot] = angle;
        row[base + slot] = offset + amplitude * Math.sin(angle + phase);
      },
    };
  },
} satisfies Partial<Builders>;

/** True when a local midnight lies in the step that ends at `timeMs`. */
function dayBegan(timeMs: number, stepS: number): boolean {
  return localDay(timeMs) !== localDay(timeMs - stepS * 1000);
}
