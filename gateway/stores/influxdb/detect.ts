/** Which InfluxDB answers at an address. */

import { OnrampError } from '../../../model/errors.ts';
import { type HttpAnswer, type HttpClient, orUnavailable } from '../http-client.ts';

export interface InfluxServer {
  readonly major: 1 | 2 | 3;
  /** As the server says it, e.g. `1.6.7~rc0`. */
  readonly version: string;
}

const timeoutMs = 10_000;

/**
 * Asks `/ping`, whose header `X-Influxdb-Version` every version sets (3 also says it in the body),
 * then `/health`, whose body 2.x sets.
 * @throws OnrampError `store.unavailable`, `store.unauthorized`, or `store.unsupported` when the
 *   server is not an InfluxDB
 */
export async function detectServer(client: HttpClient): Promise<InfluxServer> {
  let answer: HttpAnswer | null = null;
  for (const path of ['/ping', '/health']) {
    answer = await orUnavailable(client.send({ method: 'GET', path, timeoutMs }));
    const version = answer.headers['x-influxdb-version'] ?? versionOfBody(answer.body);
    const major = Number(/^v?(\d+)\./.exec(version ?? '')?.[1]);
    if (version && (major === 1 || major === 2 || major === 3)) {
      return { major, version: version.replace(/^v/, '') };
    }
    if (answer.status >= 500) throw new OnrampError('store.unavailable', `${answer.status}`);
  }
  if (answer?.status === 401 || answer?.status === 403) {
    throw new OnrampError('store.unauthorized', `${answer.status} on /health`);
  }
  // VictoriaMetrics takes line protocol, but stores a retried line twice and turns texts to 0.
  if (answer?.headers['x-server-hostname']) {
    throw new OnrampError('store.unsupported', 'it looks like VictoriaMetrics, not InfluxDB');
  }
  throw new OnrampError('store.unsupported', 'it does not say which InfluxDB it is on /ping');
}

function versionOfBody(body: string): string | null {
  try {
    const parsed: unknown = JSON.parse(body);
    const version = (parsed as { version?: unknown } | null)?.version;
    return typeof version === 'string' ? version : null;
  } catch {
    return null;
  }
}
