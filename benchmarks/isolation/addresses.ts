/** Loopback addresses to probe from: one that fails too often is held back, whoever it is next. */

/** Attempts from one address: fewer than the failures that any door forgives (HTTP: 9). */
const attemptsEach = 8;
const addresses = 254 * 254;

/** 127.9.1.1, 127.9.1.2, … each for a few attempts. */
export class ProbeAddresses {
  #attempts = 0;

  next(): string {
    const n = Math.floor(this.#attempts++ / attemptsEach) % addresses;
    return `127.9.${1 + Math.floor(n / 254)}.${1 + (n % 254)}`;
  }
}
