/** The settings of the embedded store. */

import { z } from 'zod';

export const embeddedSettings = z
  .strictObject({
    kind: z.literal('embedded'),
    file: z
      .string()
      .min(1)
      .optional()
      .describe('The database file. Unset: readings.duckdb in the data folder.'),
    memoryLimit: z
      .string()
      .regex(/^\d+ ?(MB|GB|MiB|GiB)$/, 'must be a size such as 500MB or 2GB')
      .default('1GB')
      .describe('Memory the database may use.'),
    threads: z
      .int()
      .min(1)
      .max(256)
      .default(1)
      .describe('Threads of the database. One writes cheapest; more make large queries faster.'),
    queryTimeoutMs: z
      .int()
      .min(100)
      .max(3_600_000)
      .default(60_000)
      .describe('A query that takes longer fails.'),
  })
  .describe('DuckDB inside the gateway: needs no server.');

export type EmbeddedSettings = z.infer<typeof embeddedSettings>;
