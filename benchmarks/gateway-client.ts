/** What a scenario asks a running gateway over HTTP. */

import { messageOf } from '../model/errors.ts';

/** The part of `/api/v1/summary` that scenarios read. */
export interface Summary {
  readonly status: {
    readonly sessions: number;
    readonly readings: {
      readonly received: number;
      readonly stored: number;
      readonly waiting: number;
    };
  };
  readonly store: {
    readonly enterprises: number;
    readonly devices: number;
    readonly rows: number;
  } | null;
}

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
