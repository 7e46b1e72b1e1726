/** The settings of a VictoriaMetrics. */

import { z } from 'zod';
import { secretEnv, secretFile, serverUrl } from '../credentials.ts';

export const victoriametricsSettings = z
  .strictObject({
    kind: z.literal('victoriametrics'),
    url: serverUrl('http://127.0.0.1:8428').describe(
      'Address of a single-node server, started with -dedup.minScrapeInterval=1ms.',
    ),
    database: z
      .string()
      .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'must be letters, digits, "_", "." and "-"')
      .max(64)
      .default('onramp')
      .describe('Value of the label db, which keeps the rows of several gateways apart.'),
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
    writeTimeoutMs: z
      .int()
      .min(100)
      .max(600_000)
      .default(30_000)
      .describe('A write without an answer for so long is offered again.'),
    queryTimeoutMs: z
      .int()
      .min(100)
      .max(3_600_000)
      .default(120_000)
      .describe('A query without its whole answer for so long fails.'),
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
