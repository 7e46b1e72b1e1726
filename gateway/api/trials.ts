/** Trials: an enterprise that wants to try to connect a machine gets everything for that at once. */

import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { deviceStates, wordOf } from '../../model/device.ts';
import { deviceKey } from '../../model/identifiers.ts';
import { limits } from '../../model/limits.ts';
import type { TrialEntry } from '../registry/trials.ts';
import { beginTrial } from '../trials/begin-trial.ts';
import { endTrial } from '../trials/end-trial.ts';
import { tokenActor } from './authentication.ts';
import { cardSchema, connectionCard } from './connection-card.ts';
import type { ApiContext } from './context.ts';
import { registered } from './device-answer.ts';
import { operatorOnly, viewersOfAll } from './roles.ts';
import { json, route } from './route.ts';
import { instant, instantOrNull, isoTime, withInstants } from './time.ts';
import { enterpriseParams, flag, pageOf, pageQuery, word } from './validation.ts';

/** Its columns are checked with the rest of the form, so that every mistake is named at once. */
const formSignal = z.looseObject({}).meta({
  properties: {
    name: { type: 'string', description: 'As the machine sends it' },
    label: { type: 'string', description: 'For people' },
    unit: { type: 'string' },
    type: { enum: ['float', 'int', 'bool', 'string', 'enum'], default: 'float' },
    min: { type: 'number' },
    max: { type: 'number' },
    values: { type: 'array', items: { type: 'string' }, description: 'Of an enum' },
  },
  required: ['name'],
});

const newTrial = z
  .strictObject({
    name: z
      .union([word, z.strictObject({ zh: word.optional(), en: word.optional() })])
      .optional()
      .describe("The enterprise's, for people"),
    enterprise: word.optional().describe('A new id; generated when left out'),
    device: word.optional().describe('machine-1 when left out'),
    profile: word.optional().describe('A known profile; else form or csv; else generic'),
    form: z
      .strictObject({ name: word, signals: z.array(formSignal) })
      .optional()
      .describe('What the machine sends'),
    csv: z
      .string()
      .max(limits.apiDocumentBytesMax)
      .optional()
      .describe('The same as a table: name, type, unit, min, max, zh, en, values, key'),
  })
  .default({});

const begunSchema = z
  .strictObject({
    enterprise: z.string(),
    device: z.string(),
    profile: z.string(),
    token: z.string().describe('For the API, as the enterprise; shown once'),
    ...instant('expiresAt'),
    events: z.string().describe('What happens to the device, for the token: a URL'),
    card: cardSchema,
  })
  .meta({ id: 'BegunTrial' });

const trialSchema = z
  .strictObject({
    id: z.string().describe('{enterprise}.{device}'),
    enterprise: z.string(),
    name: z.strictObject({ zh: z.string(), en: z.string() }),
    device: z.string(),
    profile: z.string(),
    state: z.enum(deviceStates),
    word: z.enum(['registered', 'connecting', 'active', 'blocked']),
    firstRow: z.boolean().describe('A row of the device is in the store'),
    ...instantOrNull('activatedAt', 'When the first row was stored'),
    ...instant('createdAt'),
    ...instant('expiresAt'),
    ...instantOrNull('endedAt', 'When its devices were shut out'),
  })
  .meta({ id: 'Trial' });

type Context = Pick<ApiContext, 'clock' | 'registry' | 'onboarding' | 'endpoint'>;

/** Trials begin, are listed, and end: by themselves after a week, or before. */
export function trialRoutes(app: FastifyInstance, context: Context): void {
  const { registry } = context;

  route(app, {
    method: 'GET',
    url: '/api/v1/trials',
    tag: 'onboarding',
    summary: 'A page of trials, and how far each has come',
    access: viewersOfAll,
    query: z.strictObject({
      living: flag.default(false).describe('Only those that have not ended'),
      ...pageQuery,
    }),
    answers: { 200: json('A page in the order of enterprises', pageOf(trialSchema)) },
    handler: async ({ query: { living, ...request } }) => {
      const { items, next } = await registry.trials.list({ living }, request);
      return { items: items.map(shown), next };
    },
  });

  route(app, {
    method: 'POST',
    url: '/api/v1/trials',
    tag: 'onboarding',
    summary: 'Begin a trial: an enterprise, a device, a token and a connection card, for a week',
    access: operatorOnly,
    body: newTrial,
    answers: { 201: json('The trial; password and token are shown once', begunSchema) },
    handler: async ({ body, identity }, reply) => {
      const { credential, expiresAtMs, token } = await beginTrial(context, body, identity.actor);
      const entry = await registered(registry, credential);
      const { device, enterprise, profile } = entry;
      const card = await connectionCard(context, entry, credential, token);
      return reply.code(201).send({
        ...{ enterprise, device, profile, token, expiresAtMs, card },
        expiresAt: isoTime(expiresAtMs),
        events: `${card.apiUrl}/api/v1/devices/${deviceKey(enterprise, device)}/events`,
      });
    },
  });

  route(app, {
    method: 'POST',
    url: '/api/v1/trials/{enterprise}/end',
    tag: 'onboarding',
    summary: 'End a trial now: its tokens are void, its devices suspended; what is stored stays',
    access: operatorOnly,
    params: enterpriseParams,
    answers: { 200: json('The trial', trialSchema) },
    handler: async ({ params: { enterprise }, identity }) => {
      const { entry, tokens } = await endTrial(context, enterprise, identity.actor);
      for (const id of tokens) app.openStreams.endOf(tokenActor(id));
      return shown(entry);
    },
  });
}

function shown({ kind: _, ...trial }: TrialEntry) {
  return withInstants({
    id: deviceKey(trial.enterprise, trial.device),
    ...trial,
    word: wordOf(trial.state),
    firstRow: trial.activatedAtMs !== null,
  });
}
