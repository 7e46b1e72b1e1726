/** What a scenario asks a running gateway over HTTP. */

import type { StoredTotals } from '../gateway/api/store-totals.ts';
import type { GatewayStatus } from '../gateway/status/status.ts';
import { messageOf } from '../model/errors.ts';
import { limits } from '../model/limits.ts';

/** What `/api/v1/summary` answers, as far as scenarios read it. */
export type Summary = Omit<GatewayStatus, 'store'> & {
  readonly store: StoredTotals & { readonly description: string };
};

export interface CityRequest {
  readonly seed: number;
  readonly enterprises: number;
  readonly devices: number;
  readonly sensors: boolean;
}

/** A gateway's API with the operator's token. */
export class GatewayClient {
  readonly #url: string;
  readonly #token: string;

  constructor(url: string, token: string) {
    this.#url = url;
    this.#token = token;
  }

  /** Registers a simulated city; doing it again changes nothing. */
  async importCity(city: CityRequest): Promise<void> {
    await this.#call('POST', '/api/v1/devices/import-city', city);
  }

  async summary(): Promise<Summary> {
    return (await this.#call('GET', '/api/v1/summary')) as Summary;
  }

  /** Sequence numbers of a device's rows, newest first, as the store answers them. */
  async storedSeqs(enterprise: string, device: string): Promise<number[]> {
    const path = `/api/v1/devices/${enterprise}.${device}/readings?limit=${limits.apiReadingsMax}`;
    const { readings } = (await this.#call('GET', path)) as { readings: { seq: number | null }[] };
    return readings.flatMap(({ seq }) => (seq === null ? [] : [seq]));
  }

  /** Any other resource of the API, parsed. Rejects when the answer is an error. */
  get(path: string): Promise<unknown> {
    return this.#call('GET', path);
  }

  post(path: string, body: unknown): Promise<unknown> {
    return this.#call('POST', path, body);
  }

  async #call(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(this.#url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(120_000),
    });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`${method} ${path}: ${response.status} ${text.slice(0, 500)}`);
    try {
      return text === '' ? null : JSON.parse(text);
    } catch (error) {
      throw new Error(`${method} ${path}: ${messageOf(error)}`);
    }
  }
}
