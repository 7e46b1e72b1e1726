/** The settings of a VictoriaMetrics. */

import { z } from 'zod';
import { answerTimes, databaseName, secretEnv, secretFile, serverUrl } from '../credentials.ts';

export const victoriametricsSettings = z
  .strictObject({
    kind: z.literal('victoriametrics'),
    url: serverUrl('http://127.0.0.1:8428').describe(
      'Address of a single-node server, started with -dedup.minScrapeInterval=1ms.',
    ),
    database: databaseName.describe(
      'Value of the label db, which keeps the rows of several gateways apart.',
    ),
    username: z.string().min(1).optional().describe('User, where the server asks for one.'),
    passwordFile: secretFile("user's password"),
    passwordEnv: secretEnv("user's password"),
    tokenFile: secretFile('bearer token'),
    tokenEnv: secretEnv('bearer token'),
    retentionHours: z
      .int()
      .min(1)
      .optional()
      .describe('What -retentionPeriod is expected to be; a difference is said at the start.'),
    ...answerTimes,
  })
  .refine((settings) => !(settings.passwordFile && settings.passwordEnv), {
    message: 'give passwordFile or passwordEnv, not both',
    path: ['passwordFile'],
  })
  .refine((settings) => !(settings.tokenFile && settings.tokenEnv), {
    message: 'give tokenFile or tokenEnv, not both',
    path: ['tokenFile'],
  })
  .describe('VictoriaMetrics, single-node.');

export type VictoriametricsSettings = z.infer<typeof victoriametricsSettings>;
