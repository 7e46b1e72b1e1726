/**
 * Makes the database ready at start: creates it when it is missing, maps it for InfluxQL (2.x).
 */

import { messageOf, OnrampError } from '../../../model/errors.ts';
import type { StoreLogger } from '../context.ts';
import { type HttpAnswer, type HttpClient, orUnavailable } from '../http-client.ts';
import type { InfluxServer } from './detect.ts';
import { identifier, type Querier } from './influxql.ts';
import type { InfluxdbSettings } from './settings.ts';

export interface Preparation {
  readonly client: HttpClient;
  readonly querier: Querier;
  readonly server: InfluxServer;
  readonly settings: InfluxdbSettings;
  readonly logger: StoreLogger;
}

/** Name of the retention policy that this gateway creates (1.x). */
const retentionPolicy = 'onramp';
const timeoutMs = 30_000;

/** @throws OnrampError `store.unavailable`, `store.unauthorized`, `config.invalid` */
export async function prepareDatabase(preparation: Preparation): Promise<void> {
  const { major } = preparation.server;
  if (major === 1) await createDatabase1(preparation);
  else if (major === 2) await createBucket2(preparation);
  else await createDatabase3(preparation);
}

async function createDatabase1({ querier, settings, logger }: Preparation): Promise<void> {
  const { database, retentionHours } = settings;
  const name = identifier(database);
  const policies: string[] = [];
  const take = ({ values }: { values: readonly (readonly unknown[])[] }): void => {
    for (const [policy, duration, , , isDefault] of values) {
      if (isDefault) policies.push(String(policy), String(duration));
    }
  };
  await querier.run(`SHOW RETENTION POLICIES ON ${name}`, take).catch(ignoreMissingDatabase);
  const [policy, duration] = policies;
  if (policy === undefined) {
    const retention =
      retentionHours === undefined
        ? ''
        : ` WITH DURATION ${retentionHours}h REPLICATION 1 NAME ${identifier(retentionPolicy)}`;
    return querier.run(`CREATE DATABASE ${name}${retention}`, () => {});
  }
  if (retentionHours === undefined || duration === `${retentionHours}h0m0s`) return;
  if (policy === retentionPolicy) {
    const alter = `ALTER RETENTION POLICY ${identifier(policy)} ON ${name}`;
    return querier.run(`${alter} DURATION ${retentionHours}h`, () => {});
  }
  // Somebody else's policy: shortening it would delete rows that are not ours to delete.
  logger.warn(
    `The database ${database} already has the retention policy ${policy} of ${duration}, so retentionHours ${retentionHours} does not apply.`,
  );
}

function ignoreMissingDatabase(error: unknown): void {
  if (!/database not found/.test(messageOf(error))) throw error;
}

/** Bucket, and the mapping that lets InfluxQL find it (2.x API: buckets, orgs, dbrps). */
async function createBucket2({ client, settings, logger }: Preparation): Promise<void> {
  const { database, org, retentionHours } = settings;
  if (org === undefined) {
    throw new OnrampError('config.invalid', 'store.org: InfluxDB 2 needs the organization');
  }
  const query = `org=${encodeURIComponent(org)}&name=${encodeURIComponent(database)}`;
  let bucket = firstOf(
    await call(client, 'GET', `/api/v2/buckets?${query}`, [200, 404]),
    'buckets',
  );
  if (bucket === null) {
    const path = `/api/v2/orgs?org=${encodeURIComponent(org)}`;
    const owner = firstOf(await call(client, 'GET', path, [200, 404]), 'orgs');
    if (owner === null) throw new OnrampError('config.invalid', `store.org: there is no ${org}`);
    const everySeconds = (retentionHours ?? 0) * 3600;
    const answer = await call(client, 'POST', '/api/v2/buckets', [201], {
      orgID: owner.id,
      name: database,
      retentionRules: everySeconds > 0 ? [{ type: 'expire', everySeconds }] : [],
    });
    bucket = JSON.parse(answer.body) as Resource;
  }
  const { id: bucketID, orgID } = bucket;
  const mapped = `/api/v2/dbrps?orgID=${orgID}&db=${encodeURIComponent(database)}`;
  try {
    if (firstOf(await call(client, 'GET', mapped, [200, 404]), 'content') !== null) return;
    const mapping = { orgID, bucketID, database, retention_policy: 'autogen', default: true };
    await call(client, 'POST', '/api/v2/dbrps', [201], mapping);
  } catch (error) {
    logger.warn(`Rows can be written but not read back: no DBRP mapping (${messageOf(error)}).`);
  }
}

async function createDatabase3({ client, settings, logger }: Preparation): Promise<void> {
  const { database: db, retentionHours } = settings;
  const retention = retentionHours === undefined ? {} : { retention_period: `${retentionHours}h` };
  const path = '/api/v3/configure/database';
  try {
    await call(client, 'POST', path, [200, 201, 204, 409], { db, ...retention });
  } catch (error) {
    if (error instanceof OnrampError && error.code === 'store.unauthorized') throw error;
    // The first write creates the database as well, then without a retention period.
    logger.warn(`The database ${db} could not be created beforehand (${messageOf(error)}).`);
  }
}

interface Resource {
  readonly id: string;
  readonly orgID: string;
}

function firstOf(answer: HttpAnswer, list: string): Resource | null {
  if (answer.status === 404) return null;
  return (JSON.parse(answer.body) as Record<string, Resource[] | undefined>)[list]?.[0] ?? null;
}

async function call(
  client: HttpClient,
  method: 'GET' | 'POST',
  path: string,
  accepted: readonly number[],
  body?: unknown,
): Promise<HttpAnswer> {
  const json = body === undefined ? {} : { body: JSON.stringify(body) };
  const headers = { 'content-type': 'application/json' };
  const answer = await orUnavailable(client.send({ method, path, headers, timeoutMs, ...json }));
  if (accepted.includes(answer.status)) return answer;
  const code =
    answer.status === 401 || answer.status === 403 ? 'store.unauthorized' : 'store.unavailable';
  throw new OnrampError(code, `${method} ${path}: ${answer.status} ${answer.body.slice(0, 300)}`);
}
