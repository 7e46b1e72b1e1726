/** Attempts over HTTP, made of the routes the gateway says it has and of who may use them. */

import type { HttpProbe, HttpRequest } from './http-probe.ts';
import { type Audience, type RouteRequest, routes } from './http-routes.ts';
import {
  batch,
  line,
  machine,
  mark,
  none,
  other,
  own,
  payloadMark,
  press,
  type TokenName,
  voidTokens,
} from './names.ts';
import type { Tally } from './outcome.ts';

/** Ids of the authorities, by enterprise. */
export type AuthorityIds = Readonly<Record<typeof own | typeof other, string>>;

type Identity = 'enterprise' | 'viewer' | 'scoped viewer';
const identities: readonly Identity[] = ['enterprise', 'viewer', 'scoped viewer'];

/** Who may use a route, besides the operator. */
const audiences: Readonly<Record<Audience, readonly Identity[]>> = {
  anybody: identities,
  operator: [],
  'viewers of all': ['viewer'],
  owners: ['enterprise'],
  readers: identities,
  'readers, its own rows': identities,
};

/** What an identity must never be shown. */
const hiddenFrom = (identity: Identity): readonly string[] => [
  payloadMark,
  ...(identity === 'viewer' ? [] : [mark]),
  // Viewers are shown neither who changed something nor what machines sent.
  ...(identity === 'enterprise' ? [] : ['"actor":"', '"payload":"']),
];

/**
 * All attempts on the routes of `document`, an OpenAPI document. Routes that the suite does not know,
 * and those it knows and the gateway does not have, are noted as surprises.
 */
export function httpProbes(document: unknown, ids: AuthorityIds, tally: Tally): HttpProbe[] {
  const declared = new Set(routesOf(document));
  for (const name of declared) {
    if (routes[name] === undefined) tally.surprised(`${name}: the suite knows no such route`);
  }
  const known = Object.entries(routes).filter(([name]) => {
    if (!declared.has(name)) tally.surprised(`${name}: the gateway has no such route`);
    return declared.has(name);
  });
  return [
    ...known.flatMap(([name, route]) => [
      ...unauthorized(name, route, ids),
      ...forbidden(name, route, ids),
      ...elsewhere(name, route, ids),
      ...lists(name, route),
    ]),
    ...detours,
  ];
}

/** `GET /api/v1/devices`, … */
function routesOf(document: unknown): string[] {
  const { paths = {} } = document as { paths?: Record<string, Record<string, unknown>> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

/** The request of a route about something of `enterprise`. */
function requestOf(
  name: string,
  { body, headers, url }: RouteRequest,
  enterprise: string,
  ids: AuthorityIds,
): HttpRequest {
  const [method = '', path = ''] = name.split(' ');
  const authority = enterprise === own ? ids[own] : ids[other];
  const fill = (text: string) => text.replaceAll('{E}', enterprise).replaceAll('{A}', authority);
  return {
    method,
    url: fill(url ?? path),
    ...(headers && { headers }),
    ...(body !== undefined && { body: JSON.parse(fill(JSON.stringify(body))) as unknown }),
  };
}

/** Tokens that are none. */
function unauthorized(name: string, route: RouteRequest, ids: AuthorityIds): HttpProbe[] {
  if (route.audience === 'anybody') return [];
  return voidTokens.map((token) => ({
    token,
    what: `${name} with ${token}`,
    request: requestOf(name, route, own, ids),
    never: [mark, payloadMark],
    expects: '401 api.unauthorized',
  }));
}

/** Tokens whose role may not use the route, about what is their own. */
function forbidden(name: string, route: RouteRequest, ids: AuthorityIds): HttpProbe[] {
  const may = audiences[route.audience];
  return identities
    .filter((identity) => !may.includes(identity))
    .map((token) => ({
      token,
      what: `${name} as ${token}`,
      request: requestOf(name, route, own, ids),
      never: hiddenFrom(token),
      expects: '403 api.forbidden',
    }));
}

/** What another enterprise has must look as if it, and the enterprise, did not exist. */
function elsewhere(name: string, route: RouteRequest, ids: AuthorityIds): HttpProbe[] {
  const { audience, hidden = 'registry.not-found' } = route;
  const names = /\{E\}/.test(JSON.stringify(route));
  if (!names || (audience !== 'owners' && audience !== 'readers')) return [];
  const request = requestOf(name, route, other, ids);
  const twins = [
    { request: requestOf(name, route, none, ids), texts: [other, none] as const },
    ...absentTwin(request),
  ];
  return audiences[audience]
    .filter((identity) => identity !== 'viewer')
    .flatMap((token) =>
      twins.map((twin) => ({
        token,
        what: `${name} of ${other} as ${token}, compared with ${twin.texts[1]}`,
        request,
        twin,
        never: hiddenFrom(token),
        expects: `404 ${hidden}`,
      })),
    );
}

/** The same about something that the enterprise does not have. */
function absentTwin(request: HttpRequest): NonNullable<HttpProbe['twin']>[] {
  const asked = [machine, batch, line, press].find((name) =>
    request.url.includes(`${other}.${name}`),
  );
  if (asked === undefined) return [];
  const url = request.url.replace(`${other}.${asked}`, `${other}.absent`);
  return [{ request: { ...request, url }, texts: [asked, 'absent'] }];
}

/** Lists must not hold what is another's, asked for or not; viewers see no payloads. */
function lists(name: string, { audience }: RouteRequest): HttpProbe[] {
  const [method = '', url = ''] = name.split(' ');
  if (method !== 'GET' || !audience.startsWith('readers') || url.includes('{')) return [];
  if (url === '/api/v1/counts') return [];
  return identities.flatMap((token): HttpProbe[] => {
    const never = [...hiddenFrom(token), ...(token === 'viewer' ? [] : [other])];
    const what = `${name} as ${token}`;
    const all = { token, what, request: { method, url }, never, expects: '200' };
    if (audience !== 'readers, its own rows' || token === 'viewer') return [all];
    const ask = (enterprise: string) => ({ method, url: `${url}?enterprise=${enterprise}` });
    const twin = { request: ask(none), texts: [other, none] as const };
    const asked = { token, request: ask(other), twin, never: hiddenFrom(token), expects: '200' };
    return [all, { ...asked, what: `${what}, asking for ${other}` }];
  });
}

/** Ways round the walls. */
const detours: readonly HttpProbe[] = (
  [
    ['404 registry.not-found', `/api/v1/devices/${other}%2e${machine}`, 'an escaped dot'],
    ['400 api.bad-request', `/api/v1/devices/${own}.x%2F..%2F${other}.${machine}`, 'a way up'],
    ['400 api.bad-request', `/api/v1/devices/${own}.${machine}.${other}`, 'three parts'],
    ['400 api.bad-request', `/api/v1/devices/${other.toUpperCase()}.${machine}`, 'capital letters'],
    ['400 api.bad-request', `/api/v1/devices?enterprise=${own}&enterprise=${other}`, 'two of them'],
    ['400 api.bad-request', `/api/v1/audit?enterprise[]=${other}`, 'a list of them'],
    ['404 api.not-found', `/api/v1//devices/${other}.${machine}`, 'two slashes'],
    ['404 api.not-found', `/API/v1/devices/${other}.${machine}`, 'a path in capital letters'],
    ['404 registry.not-found', `/api/v1/counts?enterprise=${other}`, 'counts'],
  ] as const
).map(([expects, url, what]) => ({
  token: 'enterprise' as TokenName,
  what: `GET ${url}: ${what}`,
  request: { method: 'GET', url },
  never: [mark, payloadMark],
  expects,
}));
