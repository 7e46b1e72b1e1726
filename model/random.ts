/** The only source of randomness in Onramp: seeded for everything that must repeat. */

import { randomBytes } from 'node:crypto';

/** A repeatable stream of numbers. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** Uniform whole number in [low, high], both included. */
  int(low: number, high: number): number;
  /** Standard normal deviate (Marsaglia's polar method). */
  normal(): number;
}

/**
 * A generator seeded with `seed` (sfc32, seeded through splitmix32). The same seed gives the same
 * stream on every machine.
 */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const splitmix = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
  let a = splitmix();
  let b = splitmix();
  let c = splitmix();
  let counter = 1;
  let spare: number | null = null;

  const next = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return (t >>> 0) / 4294967296;
  };

  const normal = (): number => {
    if (spare !== null) {
      const value = spare;
      spare = null;
      return value;
    }
    for (;;) {
      const u = next() * 2 - 1;
      const v = next() * 2 - 1;
      const s = u * u + v * v;
      if (s > 0 && s < 1) {
        const factor = Math.sqrt((-2 * Math.log(s)) / s);
        spare = v * factor;
        return u * factor;
      }
    }
  };

  return { next, normal, int: (low, high) => low + Math.floor(next() * (high - low + 1)) };
}

/** A 32-bit hash of `text` (FNV-1a), for deriving independent seeds from names. */
export function seedOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}

/** Unpredictable bytes for secrets and tokens, from the operating system. */
export function secretBytes(length: number): Buffer {
  return randomBytes(length);
}

/** Uniform in [0, 1), unseeded: for jitter of back-offs only, never for anything that must repeat. */
export function jitter(): number {
  return Math.random();
}
