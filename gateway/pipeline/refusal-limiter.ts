/**
 * Bounds how fast one device may fill the dead letters. A device whose every reading is refused
 * would otherwise cost everybody's journal and shipper more than a healthy one.
 */

/** A token bucket for each device that had readings refused lately. */
interface Bucket {
  tokens: number;
  atMs: number;
}

const devicesMax = 10_000;

export class RefusalLimiter {
  readonly #perSecond: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, Bucket>();

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  /** False while nobody had anything refused lately: then no device needs to be asked about. */
  get active(): boolean {
    return this.#buckets.size > 0;
  }

  /** True while `device` has had more refused than it may. */
  exhausted(device: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(device);
    if (bucket === undefined) return false;
    this.#refill(device, bucket, nowMs);
    return bucket.tokens < 0;
  }

  /** `count` readings of `device` were refused. */
  spend(device: string, count: number, nowMs: number): void {
    let bucket = this.#buckets.get(device);
    if (bucket === undefined) {
      if (this.#buckets.size >= devicesMax) this.#forgetRested(nowMs);
      bucket = { tokens: this.#burst, atMs: nowMs };
      this.#buckets.set(device, bucket);
    }
    bucket.tokens -= count;
  }

  #refill(device: string, bucket: Bucket, nowMs: number): void {
    bucket.tokens += ((nowMs - bucket.atMs) / 1000) * this.#perSecond;
    bucket.atMs = nowMs;
    if (bucket.tokens >= this.#burst) this.#buckets.delete(device);
  }

  /** When all are busy the oldest go: bounded memory before exact limits. */
  #forgetRested(nowMs: number): void {
    for (const [device, bucket] of this.#buckets) this.#refill(device, bucket, nowMs);
    for (const device of this.#buckets.keys()) {
      if (this.#buckets.size < devicesMax) return;
      this.#buckets.delete(device);
    }
  }
}
