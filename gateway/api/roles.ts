/** Who may do what: pure, and closed to whatever was not declared. */

import { OnrampError } from '../../model/errors.ts';
import type { Role } from '../registry/tokens.ts';

/** Whose token a request carries. */
export interface Identity {
  readonly role: Role;
  /** The enterprise it is confined to; null when it is not. */
  readonly enterprise: string | null;
  /** `operator`, or `token:{id}`: who it is in the audit trail. */
  readonly actor: string;
  /** When its token expires; null when it does not. */
  readonly expiresAtMs: number | null;
}

/**
 * What of an enterprise a route is about, for an identity confined to one:
 * - `gateway`: the whole gateway, so that it may not ask at all.
 * - `common`: what every enterprise may see; the handler leaves out what is another's.
 * - `path`: the enterprise in the path; another's is not found.
 * - `query`, `body`: its `enterprise`, which is the identity's own when left out; another's is not found.
 * - `list`: as `query`, but another's is an empty list, as of an enterprise that does not exist.
 */
export type Scope = 'gateway' | 'common' | 'path' | 'query' | 'body' | 'list';

/** Who besides the operator may use a route, and within which bounds. */
export interface Access {
  readonly roles: readonly Exclude<Role, 'operator'>[];
  readonly scope: Scope;
}

/** For the operator alone. */
export const operatorOnly: Access = { roles: [], scope: 'gateway' };

/** For everybody who reads, in the bounds of `scope`. */
export function readers(scope: Exclude<Scope, 'gateway'>): Access {
  return { roles: ['enterprise', 'viewer'], scope };
}

/** For whoever may change what belongs to an enterprise. */
export function owners(scope: Exclude<Scope, 'gateway' | 'list'>): Access {
  return { roles: ['enterprise'], scope };
}

/** For viewers of the whole gateway. */
export const viewersOfAll: Access = { roles: ['viewer'], scope: 'gateway' };

const readingMethods: ReadonlySet<string> = new Set(['GET', 'HEAD']);

/** True when `identity` may use a route at all. A route without a declaration is the operator's. */
export function mayUse(access: Access | undefined, method: string, identity: Identity): boolean {
  const { role, enterprise } = identity;
  if (role === 'operator') return true;
  if (access === undefined || !access.roles.includes(role)) return false;
  if (role === 'viewer' && !readingMethods.has(method)) return false;
  if (role === 'enterprise' && enterprise === null) return false;
  return access.scope !== 'gateway' || enterprise === null;
}

/** The roles that may use a route, for people; the operator's comes first. */
export function audienceOf({ roles, scope }: Access): string[] {
  const bounds =
    scope === 'gateway'
      ? { enterprise: 'enterprise', viewer: 'viewer (of all enterprises)' }
      : { enterprise: 'enterprise (its own)', viewer: 'viewer' };
  return ['operator', ...roles.map((role) => bounds[role])];
}

/** The parts of a request. */
export interface RequestParts {
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
}

/** No enterprise has this id (`[a-z0-9_-]+`): a list of what is its is empty. */
const nobody = '!';

/** The parts of a request, not yet checked, with the identity's own enterprise where it is left out. */
export function withOwn(
  access: Access,
  { enterprise }: Identity,
  { body, params, query }: RequestParts,
): RequestParts {
  const own = (part: unknown) => {
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return enterpriseIn(part) === undefined ? { ...part, enterprise } : part;
  };
  if (enterprise === null) return { params, query, body };
  return {
    params,
    query: access.scope === 'query' ? own(query) : query,
    body: access.scope === 'body' ? own(body) : body,
  };
}

/**
 * The checked parts of a request with what confines `identity` laid over them.
 * @throws OnrampError `registry.not-found` when they are about another enterprise.
 */
export function confine<Parts extends RequestParts>(
  access: Access | undefined,
  identity: Identity,
  parts: Parts,
): Parts {
  const own = identity.enterprise;
  if (own === null) return parts;
  switch (access?.scope) {
    case 'common':
      return parts;
    case 'path':
      if (enterpriseInPath(parts.params) !== own) throw notFound(parts.params);
      return parts;
    case 'query':
      return { ...parts, query: within(parts.query, own) };
    case 'body':
      return { ...parts, body: within(parts.body, own) };
    case 'list': {
      const asked = enterpriseIn(parts.query);
      const enterprise = asked === undefined || asked === own ? own : nobody;
      return { ...parts, query: { ...(parts.query as object), enterprise } };
    }
    default:
      throw new OnrampError('api.forbidden');
  }
}

/** What a path is about, as it names it: `{enterprise}.{id}`, or an enterprise. */
export function subjectOf(params: unknown): string {
  const { key, enterprise } = params as { key?: Record<string, string>; enterprise?: string };
  return key === undefined ? (enterprise ?? '') : Object.values(key).join('.');
}

/** What a path names is not there, or not for whoever asks: nobody can tell which. */
export function notFound(params: unknown): OnrampError {
  return new OnrampError('registry.not-found', subjectOf(params));
}

function within(part: unknown, own: string): object {
  const asked = enterpriseIn(part) ?? own;
  if (asked !== own) throw new OnrampError('registry.not-found', asked);
  return { ...(part as object), enterprise: own };
}

function enterpriseIn(part: unknown): string | undefined {
  return (part as { enterprise?: string } | null | undefined)?.enterprise;
}

function enterpriseInPath(params: unknown): string | undefined {
  const { key } = params as { key?: { enterprise: string } };
  return key?.enterprise ?? enterpriseIn(params);
}
