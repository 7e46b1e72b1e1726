/** Loopback addresses to probe from: one that fails too often is held back, whoever it is next. */

/** Attempts from one address: as many as any door forgives (MQTT: 4 with one user name). */
const attemptsEach = 4;
const addresses = 254 * 254;

/** 127.9.1.1, 127.9.1.2, … each for a few attempts. */
export class ProbeAddresses {
  #attempts = 0;

  next(): string {
    const n = Math.floor(this.#attempts++ / attemptsEach) % addresses;
    return `127.9.${1 + Math.floor(n / 254)}.${1 + (n % 254)}`;
  }
}
