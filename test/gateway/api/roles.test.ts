/** Who may do what, as a pure function. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Access,
  confine,
  type Identity,
  mayUse,
  type Scope,
} from '../../../gateway/api/roles.ts';
import { errorCodeOf } from '../../../model/errors.ts';
import { isDirectoryId } from '../../../model/identifiers.ts';

const scopes: readonly Scope[] = ['gateway', 'common', 'path', 'query', 'body', 'list'];
const access = fc.record({
  roles: fc.subarray(['enterprise', 'viewer'] as const),
  scope: fc.constantFrom(...scopes),
});
const identity = fc.oneof(
  fc.constant<Identity>({
    role: 'operator',
    enterprise: null,
    actor: 'operator',
    expiresAtMs: null,
  }),
  fc.record<Identity>({
    role: fc.constantFrom('enterprise', 'viewer'),
    enterprise: fc.constantFrom('acme', 'beta', null),
    actor: fc.constant('token:x'),
    expiresAtMs: fc.constant(1),
  }),
);
const method = fc.constantFrom('GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE');
const enterprise = fc.constantFrom('acme', 'beta', undefined);

describe('who may use a route', () => {
  it('is the operator, always; nobody else where nothing is declared', () => {
    fc.assert(
      fc.property(fc.option(access, { nil: undefined }), method, identity, (declared, how, who) => {
        const may = mayUse(declared, how, who);
        if (who.role === 'operator') expect(may).toBe(true);
        else if (declared === undefined) expect(may).toBe(false);
      }),
    );
  });

  it('is never a viewer who writes, nor a role that is not named, nor one of an enterprise who asks of the whole', () => {
    fc.assert(
      fc.property(access, method, identity, (declared, how, who) => {
        fc.pre(mayUse(declared, how, who) && who.role !== 'operator');
        expect(declared.roles).toContain(who.role);
        if (who.role === 'viewer') expect(['GET', 'HEAD']).toContain(how);
        if (who.role === 'enterprise') expect(who.enterprise).not.toBeNull();
        if (declared.scope === 'gateway') expect(who.enterprise).toBeNull();
      }),
    );
  });
});

describe('what a confined identity asks', () => {
  const outcome = (declared: Access, own: string, asked: string | undefined) => {
    const parts = {
      params: { key: { enterprise: asked, device: 'm' } },
      query: { enterprise: asked, text: 'x' },
      body: { enterprise: asked, name: 'x' },
    };
    const who: Identity = { role: 'enterprise', enterprise: own, actor: 'token:x', expiresAtMs: 1 };
    try {
      return confine(declared, who, parts);
    } catch (error) {
      return errorCodeOf(error);
    }
  };

  it('is about its own enterprise, or not found, or an empty list', () => {
    fc.assert(
      fc.property(access, fc.constantFrom('acme', 'beta'), enterprise, (declared, own, asked) => {
        const result = outcome(declared, own, asked);
        const foreign = asked !== undefined && asked !== own;
        switch (declared.scope) {
          case 'gateway':
            expect(result).toBe('api.forbidden');
            break;
          case 'common':
            expect(result).toMatchObject({ query: { enterprise: asked } });
            break;
          case 'path':
            if (asked === own) expect(result).toHaveProperty('params.key.enterprise', own);
            else expect(result).toBe('registry.not-found');
            break;
          case 'list': {
            const { query } = result as { query: { enterprise: string; text: string } };
            expect(query.text).toBe('x');
            if (foreign) expect(isDirectoryId(query.enterprise)).toBe(false);
            else expect(query.enterprise).toBe(own);
            break;
          }
          default:
            if (foreign) expect(result).toBe('registry.not-found');
            else expect(result).toHaveProperty([declared.scope, 'enterprise'], own);
        }
      }),
    );
  });

  it('is left as it is for who is not confined', () => {
    fc.assert(
      fc.property(access, enterprise, (declared, asked) => {
        const parts = { params: { enterprise: asked }, query: { enterprise: asked }, body: null };
        const who: Identity = {
          role: 'viewer',
          enterprise: null,
          actor: 'token:x',
          expiresAtMs: 1,
        };
        expect(confine(declared, who, parts)).toBe(parts);
      }),
    );
  });
});
