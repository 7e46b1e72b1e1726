/** The API's description, made from the declarations of its routes (OpenAPI 3.1.1). */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { problemSchema, problemType } from './errors.ts';
import { type Access, audienceOf } from './roles.ts';
import { type Answer, type Declared, json, route } from './route.ts';

type Json = Record<string, unknown>;

/**
 * The declarations of every route that is added to `app`, or to what is registered on it, from now
 * on; complete when `app` is ready.
 */
export function collectDeclared(app: FastifyInstance): readonly Declared[] {
  const declared: Declared[] = [];
  app.addHook('onRoute', ({ method, config }) => {
    if (method !== 'HEAD' && config?.declared !== undefined) declared.push(config.declared);
  });
  return declared;
}

/** `GET /api/v1/openapi.json`: what this very application serves. */
export function openApiRoutes(app: FastifyInstance, declared: readonly Declared[]): void {
  let document: Json | null = null;
  route(app, {
    method: 'GET',
    url: '/api/v1/openapi.json',
    tag: 'gateway',
    summary: 'This description',
    access: 'open',
    answers: { 200: json('An OpenAPI 3.1 document', z.looseObject({ openapi: z.string() })) },
    handler: async () => {
      document ??= openApiDocument(declared);
      return document;
    },
  });
}

/** The OpenAPI document of the routes `declared`. */
export function openApiDocument(declared: readonly Declared[]): Json {
  const schemas: Json = {};
  const paths: Record<string, Json> = {};
  const ordered = [...declared].sort((a, b) => (a.url < b.url ? -1 : a.url > b.url ? 1 : 0));
  for (const each of ordered) {
    paths[each.url] = { ...paths[each.url], [each.method.toLowerCase()]: operation(each, schemas) };
  }
  const problem = { [problemType.split(';')[0]!]: { schema: schemaOf(problemSchema, schemas) } };
  return {
    openapi: '3.1.1',
    info: {
      title: 'Onramp',
      version: packageJson.version,
      description: packageJson.description,
      license: { name: packageJson.license, identifier: packageJson.license },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }],
    tags: [...new Set(ordered.map(({ tag }) => tag))].sort().map((name) => ({ name })),
    paths,
    components: {
      schemas,
      responses: { Problem: { description: 'What went wrong, and what to do', content: problem } },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operation(declared: Declared, schemas: Json): Json {
  const { method, url, tag, summary, description, access, answers } = declared;
  const words = url.split(/[^a-z0-9]+/i).filter((part) => part !== '' && part !== 'api');
  return {
    operationId: [method.toLowerCase(), ...words].join('-'),
    tags: [tag],
    summary,
    description: [description, audience(access)].filter((text) => text !== undefined).join('\n\n'),
    ...(access === 'open' && { security: [] }),
    parameters: [
      ...parameters('path', declared.params, schemas),
      ...parameters('query', declared.query, schemas),
      ...(declared.ifMatch ? [ifMatch] : []),
    ],
    ...requestBody(declared, schemas),
    responses: {
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [status, response(answer, schemas)]),
      ),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

const ifMatch: Json = {
  name: 'If-Match',
  in: 'header',
  description: 'Changes it only while it has one of these entity tags, or exists (`*`)',
  schema: { type: 'string' },
};

function audience(access: Access | 'open'): string {
  if (access === 'open') return 'Needs no token.';
  return `For: ${audienceOf(access).join(', ')}.`;
}

/** The members of an object schema, as parameters. */
function parameters(place: string, schema: z.ZodType | undefined, schemas: Json): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, schemas, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(description !== undefined && { description }),
    schema: rest,
  }));
}

function requestBody({ body, streams }: Declared, schemas: Json): Json {
  if (streams !== undefined) {
    const content = Object.entries(streams).map(([type, description]) => [
      type,
      { schema: type === 'application/json' ? { description } : { type: 'string', description } },
    ]);
    return { requestBody: { required: true, content: Object.fromEntries(content) } };
  }
  if (body === undefined) return {};
  const required = !body.safeParse(undefined).success;
  const content = { 'application/json': { schema: schemaOf(body, schemas, 'input') } };
  return { requestBody: { required, content } };
}

function response({ description, content }: Answer, schemas: Json): Json {
  const media = Object.entries(content).map(([type, schema]) => [
    type,
    { schema: schema === null ? { type: 'string' } : schemaOf(schema, schemas) },
  ]);
  return { description, content: Object.fromEntries(media) };
}

/** JSON Schema of `schema`; the named ones within it go to `schemas`. */
function schemaOf(schema: z.ZodType, schemas: Json, io: 'input' | 'output' = 'output'): Json {
  const made = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  const text = JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/');
  const { $schema: _, $defs, ...rest } = JSON.parse(text) as Json;
  Object.assign(schemas, $defs);
  return rest;
}
