/** The settings of an InfluxDB, whatever its major version. */

import { z } from 'zod';
import { answerTimes, databaseName, secretEnv, secretFile, serverUrl } from '../credentials.ts';

export const influxdbSettings = z
  .strictObject({
    kind: z.literal('influxdb'),
    url: serverUrl('http://127.0.0.1:8086').describe(
      'Address of the server; its version is detected.',
    ),
    database: databaseName.describe(
      'Database (1.x, 3) or bucket (2.x); created when it is missing.',
    ),
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
  .describe('InfluxDB 1.x, 2.x or 3.');

export type InfluxdbSettings = z.infer<typeof influxdbSettings>;
