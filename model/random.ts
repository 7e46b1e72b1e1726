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

/** Repeatable streams for many owners, kept in one table: 16 bytes each. */
export interface RandomStreams {
  /** Starts stream `row` anew. */
  seed(row: number, seed: number): void;
  /** Makes `row` the stream that `next` and `normal` take from. */
  select(row: number): void;
  /** Uniform in [0, 1). */
  next(): number;
  /** Standard normal deviate. */
  normal(): number;
}

/** `rows` independent streams of sfc32, each repeatable from its own seed. */
export function seededStreams(rows: number): RandomStreams {
  const table = new Int32Array(rows * 4);
  let at = 0;
  const next = (): number => {
    const a = table[at]!;
    const b = table[at + 1]!;
    const c = table[at + 2]!;
    const t = (a + b + table[at + 3]!) | 0;
    table[at] = b ^ (b >>> 9);
    table[at + 1] = (c + (c << 3)) | 0;
    table[at + 2] = (((c << 21) | (c >>> 11)) + t) | 0;
    table[at + 3] = (table[at + 3]! + 1) | 0;
    return (t >>> 0) / 4294967296;
  };
  return {
    seed(row, seed) {
      for (let word = 0; word < 3; word++) table[row * 4 + word] = hash32(seed, word);
      table[row * 4 + 3] = 1;
    },
    select(row) {
      at = row * 4;
    },
    next,
    normal() {
      for (;;) {
        const u = next() * 2 - 1;
        const v = next() * 2 - 1;
        const s = u * u + v * v;
        if (s > 0 && s < 1) return u * Math.sqrt((-2 * Math.log(s)) / s);
      }
    },
  };
}

/** A 32-bit hash of two 32-bit words; neighbouring words give unrelated hashes. */
export function hash32(a: number, b: number): number {
  let z = (Math.imul(a, 0x9e3779b1) + b) | 0;
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  z = (z ^ (z >>> 15)) + Math.imul(b, 0x85ebca6b);
  z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
  return (z ^ (z >>> 15)) >>> 0;
}

/**
 * A standard normal deviate that depends only on its arguments (Box and Muller's transform of two
 * hashes): for noise that must not depend on how often, or in which order, it is asked for.
 */
export function normalAt(seed: number, position: number): number {
  const low = hash32(seed, position);
  const u = (low + 1) / 4294967297;
  const v = hash32(low, position) / 4294967296;
  return Math.sqrt(-2 * Math.log(u)) * Math.cos(2 * Math.PI * v);
}
