/** The API's description: valid, and of exactly the routes there are. */

import { Validator } from '@seriousme/openapi-schema-validator';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ApiWorld, declaredRoutes } from './api-world.ts';

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly string[];
  readonly security?: readonly unknown[];
  readonly parameters: readonly { readonly name: string; readonly in: string }[];
  readonly requestBody?: { readonly content: object };
  readonly responses: Readonly<Record<string, object>>;
}

let world: ApiWorld;
let document: {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: object };
};
beforeAll(async () => {
  world = new ApiWorld();
  document = (await world.app.inject({ url: '/api/v1/openapi.json' })).json();
});
afterAll(() => world.close());

const operations = () =>
  Object.entries(document.paths).flatMap(([url, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ url, method, operation })),
  );

it('is valid OpenAPI 3.1, and every reference leads somewhere', async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(document));
  expect(errors ?? []).toEqual([]);
  expect(valid).toBe(true);
  expect(validator.version).toBe('3.1');
  const text = JSON.stringify(document);
  const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => match[1]!);
  expect(references.length).toBeGreaterThan(50);
  for (const reference of references) {
    const found = reference
      .split('/')
      .reduce<unknown>((at, step) => (at as Record<string, unknown>)?.[step], document);
    expect(found, reference).toBeDefined();
  }
  expect(text).not.toContain('$defs');
});

it('has every route that the application serves, and no other', async () => {
  const served = new Set<string>();
  const app = world.app.printRoutes({ commonPrefix: false, includeMeta: false });
  const levels: string[] = [];
  for (const line of app.split('\n')) {
    const match = /^([│ ]*)[├└]── (\S*)(?: \(([A-Z, ]+)\))?$/.exec(line);
    if (match === null) continue;
    const [, indent, part, methods] = match;
    const depth = indent!.length / 4;
    levels.splice(depth, levels.length, part!);
    const url = levels.join('').replace(/:(\w+)/g, '{$1}');
    for (const method of methods?.split(', ') ?? []) {
      if (method !== 'HEAD') served.add(`${method} ${url}`);
    }
  }
  // A page is no part of the API.
  served.delete('GET /');
  const described = operations().map(({ url, method }) => `${method.toUpperCase()} ${url}`);
  expect(described.sort()).toEqual([...served].sort());
  expect(described).toHaveLength((await declaredRoutes(world)).length);
  expect(described.length).toBeGreaterThan(40);
});

it('says of every operation what it takes, answers and is for', () => {
  const ids = operations().map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const { url, method, operation } of operations()) {
    const where = `${method} ${url}`;
    expect(operation.summary, where).toMatch(/^[A-Z].{5,}[^.]$/);
    expect(operation.tags, where).toHaveLength(1);
    const named = operation.parameters.filter((each) => each.in === 'path').map(({ name }) => name);
    expect(named, where).toEqual([...url.matchAll(/\{(\w+)\}/g)].map((match) => match[1]));
    expect(Object.keys(operation.responses), where).toContain('default');
    expect(
      Object.keys(operation.responses).some((status) => /^2/.test(status)),
      where,
    ).toBe(true);
    const open = ['/healthz', '/readyz', '/api/v1/openapi.json'].includes(url);
    expect(operation.security, where).toEqual(open ? [] : undefined);
  }
});

it('describes parameters, bodies and answers as they are', () => {
  const list = document.paths['/api/v1/devices']!.get!;
  expect(list.parameters).toContainEqual({
    name: 'limit',
    in: 'query',
    required: false,
    description: 'Rows; 100 when left out',
    schema: expect.objectContaining({ type: 'integer', minimum: 1, maximum: 1000 }),
  });
  const names = list.parameters.map(({ name }) => name);
  expect(names).toEqual(expect.arrayContaining(['enterprise', 'state', 'text', 'after']));
  const patch = document.paths['/api/v1/devices/{key}']!.patch!;
  expect(patch.parameters).toContainEqual(
    expect.objectContaining({ name: 'If-Match', in: 'header' }),
  );
  expect(Object.keys(document.paths['/api/v1/devices/import']!.post!.requestBody!.content)).toEqual(
    ['text/csv', 'application/json'],
  );
  expect(Object.keys(document.components.schemas)).toEqual(
    expect.arrayContaining(['Problem', 'Device', 'Enterprise', 'Claim', 'Token', 'PlaceCounts']),
  );
});
