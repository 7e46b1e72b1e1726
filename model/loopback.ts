/** Loopback addresses: all of 127.0.0.0/8 is this machine (RFC 1122 §3.2.1.3). */

/** The `n`-th, from 127.0.0.1. */
export function loopbackAddress(n: number): string {
  return `127.${(n >>> 16) & 0xff}.${(n >>> 8) & 0xff}.${n & 0xff}`;
}
