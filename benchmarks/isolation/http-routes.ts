/**
 * Every route of the API: who may use it, what it is about, and a request that would do something. It
 * repeats what the API declares, on purpose: what is declared too widely there is found out here. A
 * route that is missing here fails the suite.
 */

import { batch, line, machine, press } from './names.ts';

/** Besides the operator. `confined`: who sees one enterprise; `all`: viewers of everything. */
export type Audience =
  | 'anybody'
  | 'operator'
  | 'viewers of all'
  | 'owners'
  | 'readers'
  | 'readers, its own rows';

/** What a route takes, with `{E}` for an enterprise and `{A}` for the id of its authority. */
export interface RouteRequest {
  readonly audience: Audience;
  /** The address with everything filled in; the route's own when left out. */
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  /** The code of the answer when the enterprise is not the asker's; `registry.not-found`. */
  readonly hidden?: string;
}

const device = `/api/v1/devices/{E}.${machine}`;
const csv = { 'content-type': 'text/csv' };
const stream = { accept: 'text/event-stream' };
const city = { seed: 1, enterprises: 1, devices: 1 };
const certificate = '-----BEGIN CERTIFICATE-----';

export const routes: Readonly<Record<string, RouteRequest>> = {
  'GET /healthz': { audience: 'anybody' },
  'GET /readyz': { audience: 'anybody' },
  'GET /api/v1/openapi.json': { audience: 'anybody' },

  'GET /metrics': { audience: 'viewers of all' },
  'GET /api/v1/summary': { audience: 'viewers of all' },
  'GET /api/v1/progress': { audience: 'viewers of all' },
  'GET /api/v1/ledger': {
    audience: 'viewers of all',
    url: '/api/v1/ledger?profile=agv&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z',
  },
  'GET /api/v1/live': { audience: 'viewers of all', headers: stream },
  'GET /api/v1/trials': { audience: 'viewers of all' },

  'POST /api/v1/devices/import-city': { audience: 'operator', body: city },
  'POST /api/v1/claims/import-city': { audience: 'operator', body: city },
  'POST /api/v1/enterprises': { audience: 'operator', body: { id: '{E}' } },
  'PUT /api/v1/enterprises/{enterprise}': {
    audience: 'operator',
    url: '/api/v1/enterprises/{E}',
    headers: { 'if-match': '*' },
    body: { limits: { sessionsMax: 1 } },
  },
  'GET /api/v1/tokens': { audience: 'operator' },
  'POST /api/v1/tokens': { audience: 'operator', body: { role: 'operator' } },
  'POST /api/v1/tokens/{id}/revoke': { audience: 'operator', url: '/api/v1/tokens/absent/revoke' },
  'POST /api/v1/trials': { audience: 'operator', body: {} },
  'POST /api/v1/trials/{enterprise}/end': {
    audience: 'operator',
    url: '/api/v1/trials/{E}/end',
  },

  'GET /api/v1/devices': { audience: 'readers, its own rows' },
  'GET /api/v1/devices/export': { audience: 'readers, its own rows' },
  'GET /api/v1/enterprises': { audience: 'readers, its own rows' },
  'GET /api/v1/claims': { audience: 'readers, its own rows' },
  'GET /api/v1/groups': { audience: 'readers, its own rows' },
  'GET /api/v1/authorities': { audience: 'readers, its own rows' },
  'GET /api/v1/audit': { audience: 'readers, its own rows' },
  'GET /api/v1/dead-letters': { audience: 'readers, its own rows' },
  'GET /api/v1/dead-letters/counts': { audience: 'readers, its own rows' },

  'GET /api/v1/imports/current': { audience: 'viewers of all' },
  'GET /api/v1/profiles': { audience: 'readers' },
  'GET /api/v1/profiles/{id}': {
    audience: 'readers',
    url: `/api/v1/profiles/{E}.${press}`,
    hidden: 'api.not-found',
  },
  'GET /api/v1/counts': { audience: 'readers', url: '/api/v1/counts?enterprise={E}' },
  'GET /api/v1/enterprises/{enterprise}': { audience: 'readers', url: '/api/v1/enterprises/{E}' },
  'GET /api/v1/devices/{key}': { audience: 'readers', url: device },
  'GET /api/v1/devices/{key}/readings': { audience: 'readers', url: `${device}/readings` },
  'GET /api/v1/devices/{key}/audit': { audience: 'readers', url: `${device}/audit` },
  'GET /api/v1/devices/{key}/events': {
    audience: 'readers',
    url: `${device}/events`,
    headers: stream,
  },
  'GET /api/v1/devices/{key}/commands/{id}': {
    audience: 'owners',
    url: `${device}/commands/0123456789abcdef`,
  },
  'GET /api/v1/claims/{key}': { audience: 'readers', url: `/api/v1/claims/{E}.${batch}` },

  'POST /api/v1/devices': {
    audience: 'owners',
    body: { enterprise: '{E}', device: 'intruder', profile: 'generic' },
  },
  'POST /api/v1/devices/import': {
    audience: 'owners',
    url: '/api/v1/devices/import?enterprise={E}&existing=update',
    headers: csv,
    body: 'enterprise,device,profile\n{E},intruder,generic\n',
  },
  'PATCH /api/v1/devices/{key}': {
    audience: 'owners',
    url: device,
    headers: { 'if-match': '*' },
    body: { district: 'intruded' },
  },
  'POST /api/v1/devices/{key}/secret': { audience: 'owners', url: `${device}/secret` },
  'POST /api/v1/devices/{key}/suspend': { audience: 'owners', url: `${device}/suspend` },
  'POST /api/v1/devices/{key}/resume': { audience: 'owners', url: `${device}/resume` },
  'POST /api/v1/devices/{key}/revoke': { audience: 'owners', url: `${device}/revoke` },
  'POST /api/v1/devices/{key}/decommission': { audience: 'owners', url: `${device}/decommission` },
  'POST /api/v1/devices/{key}/commands': {
    audience: 'owners',
    url: `${device}/commands`,
    body: { setpoint: 1 },
  },
  'POST /api/v1/profiles': {
    audience: 'owners',
    url: '/api/v1/profiles?enterprise={E}&name=intruder',
    headers: csv,
    body: 'name,type\nforce,float\n',
  },
  'POST /api/v1/claims': { audience: 'owners', body: { enterprise: '{E}', devicesMax: 1 } },
  'POST /api/v1/claims/{key}/revoke': {
    audience: 'owners',
    url: `/api/v1/claims/{E}.${batch}/revoke`,
  },
  'POST /api/v1/claims/{key}/serials': {
    audience: 'owners',
    url: `/api/v1/claims/{E}.${batch}/serials`,
    body: { serials: ['intruder'] },
  },
  'POST /api/v1/groups': { audience: 'owners', body: { enterprise: '{E}', profile: 'generic' } },
  'POST /api/v1/groups/{key}/revoke': {
    audience: 'owners',
    url: `/api/v1/groups/{E}.${line}/revoke`,
  },
  'POST /api/v1/authorities': { audience: 'owners', body: { enterprise: '{E}', certificate } },
  'POST /api/v1/authorities/{key}/revoke': {
    audience: 'owners',
    url: '/api/v1/authorities/{E}.{A}/revoke',
  },
  'POST /api/v1/dead-letters/replay': { audience: 'owners', body: { enterprise: '{E}', after: 1 } },
};
