/** Somebody's store, by its address: which kind it is, and whether a run fits into it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GatewaySettingsInput } from '../../gateway/config.ts';
import { HttpClient } from '../../gateway/stores/http-client.ts';
import { createStore, storeSettings } from '../../gateway/stores/index.ts';
import { detectServer } from '../../gateway/stores/influxdb/detect.ts';
import { askServer } from '../../gateway/stores/victoriametrics/server.ts';
import type { Clock } from '../../model/clock.ts';
import { errorCodeOf, OnrampError } from '../../model/errors.ts';

type StoreInput = NonNullable<GatewaySettingsInput['store']>;
type ServerKind = 'influxdb' | 'victoriametrics';

/** How a server that speaks something else than HTTP fails; an MQTT broker hangs up. */
const otherProtocol = /^(?:Parse Error|socket hang up|read ECONNRESET|.*EPROTO)/;

/**
 * Asks the server at `url` what it is. VictoriaMetrics is asked for first, since it passes for an
 * InfluxDB where it can.
 * @throws OnrampError `config.invalid` for no http(s) URL or one with credentials,
 *   `store.unavailable` when nothing listens
 *   or nothing is answered within 10 s, `store.unauthorized`, `store.unsupported` when it is
 *   another protocol or another program
 */
export async function detectStore(url: string, clock: Clock): Promise<ServerKind> {
  refuseAddress(url);
  const client = new HttpClient({ url, authorization: null, connectionsMax: 1, clock });
  try {
    try {
      await askServer(client);
      return 'victoriametrics';
    } catch (error) {
      if (!isOther(error)) throw error;
    }
    await detectServer(client);
    return 'influxdb';
  } catch (error) {
    if (!(error instanceof OnrampError)) throw error;
    const code = otherProtocol.test(error.details[0] ?? '') ? 'store.unsupported' : error.code;
    const hint = code === 'store.unsupported' ? 'no InfluxDB or VictoriaMetrics answers there' : '';
    throw new OnrampError(code, [url, ...error.details, hint].filter(Boolean));
  } finally {
    client.close();
  }
}

/** A password does not belong into an address, and is not repeated. */
function refuseAddress(url: string): void {
  const parsed = URL.parse(url);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) {
    const shown = url.replace(/[^/]*@/, '');
    throw new OnrampError('config.invalid', `store: ${shown} is no http:// or https:// URL`);
  }
  if (parsed.username === '' && parsed.password === '') return;
  const problem = `store: the URL of ${parsed.host} must not hold credentials`;
  throw new OnrampError('config.invalid', problem);
}

/** A `/metrics` that says otherwise, needs a token (InfluxDB 3) or fails does not rule out an InfluxDB. */
function isOther(error: unknown): boolean {
  const code = errorCodeOf(error);
  if (code === 'store.unsupported' || code === 'store.unauthorized') return true;
  return error instanceof OnrampError && error.details.some((detail) => /^5\d\d /.test(detail));
}

/**
 * Starts the store as a gateway would, and asks whether `devices` devices fit.
 * @throws OnrampError `config.invalid` for settings it cannot have, `store.limits-too-small` with
 *   what to change, or what its start throws
 */
export async function checkStore(store: StoreInput, devices: number, clock: Clock): Promise<void> {
  if (store.kind !== 'influxdb' && store.kind !== 'victoriametrics') return;
  const settings = storeSettings.safeParse(store);
  if (!settings.success) {
    const mistakes = settings.error.issues.map(
      ({ message, path }) => `${path.join('.')}: ${message}`,
    );
    throw new OnrampError(
      'config.invalid',
      mistakes.map((mistake) => `store: ${mistake}`),
    );
  }
  const dataFolder = mkdtempSync(join(tmpdir(), 'onramp-store-check-'));
  const logger = { info: () => {}, warn: () => {}, error: () => {} };
  const opened = await createStore(settings.data, { clock, dataFolder, logger });
  try {
    await opened.start();
    const problems = (await opened.problemsFor?.(devices)) ?? [];
    if (problems.length > 0) {
      throw new OnrampError('store.limits-too-small', [`for ${devices} devices`, ...problems]);
    }
  } finally {
    await opened.stop();
    rmSync(dataFolder, { recursive: true, force: true });
  }
}
