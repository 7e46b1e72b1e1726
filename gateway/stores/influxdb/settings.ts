/** The settings of an InfluxDB, whatever its major version. */

import { z } from 'zod';
import { secretEnv, secretFile, serverUrl } from '../credentials.ts';

export const influxdbSettings = z
  .strictObject({
    kind: z.literal('influxdb'),
    url: serverUrl('http://127.0.0.1:8086').describe(
      'Address of the server; its version is detected.',
    ),
    database: z
      .string()
      .regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]*$/, 'must be letters, digits, "_", "." and "-"')
      .max(64)
      .default('onramp')
      .describe('Database (1.x, 3) or bucket (2.x); created when it is missing.'),
    org: z.string().min(1).optional().describe('Organization (2.x only).'),
    username: z.string().min(1).optional().describe('User of a 1.x server with authentication.'),
    passwordFile: secretFile("1.x user's password"),
    passwordEnv: secretEnv("1.x user's password"),
    tokenFile: secretFile('API token (2.x, 3)'),
    tokenEnv: secretEnv('API token (2.x, 3)'),
    retentionHours: z
      .int()
      .min(1)
      .optional()
      .describe('Rows older than this go. Applies when the database is created; unset: kept.'),
    gzip: z
      .boolean()
      .optional()
      .describe('Compress writes. Unset: yes, unless the server is on this machine (costs CPU).'),
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
  .describe('InfluxDB 1.x, 2.x or 3.');

export type InfluxdbSettings = z.infer<typeof influxdbSettings>;
