/** A scenario as a file of data: what it is based on, and what is different. */

import { readFileSync } from 'node:fs';
import { parse as parseYaml } from 'yaml';
import { z } from 'zod';
import { messageOf } from '../../model/errors.ts';

const question = z.union(
  [
    z
      .string()
      .min(1)
      .transform((text) => ({ en: text, zh: text })),
    z.strictObject({ en: z.string().min(1), zh: z.string().min(1) }),
  ],
  { error: 'must be a text, or one each for en and zh' },
);

const documentShape = z.strictObject({
  scenario: z.string({ error: 'is needed: the scenario it is based on' }),
  question: question.optional(),
  size: z.enum(['smoke', 'full'], { error: 'must be smoke or full' }).optional(),
  parameters: z
    .record(z.string(), z.unknown(), { error: 'must be a mapping of parameters' })
    .optional(),
  thresholds: z
    .array(z.string({ error: 'must be a text such as "ledger.lost == 0"' }), {
      error: 'must be a list of texts such as "ledger.lost == 0"',
    })
    .optional(),
});

export type ScenarioFile = z.output<typeof documentShape>;

/** True for what is a file's name rather than a scenario's. */
export function isScenarioFile(name: string): boolean {
  return /\.(ya?ml|json)$/.test(name);
}

/** Reads and checks a file; null, with the mistakes in `problems`, when it is not right. */
export function readScenarioFile(path: string, problems: string[]): ScenarioFile | null {
  let document: unknown;
  try {
    document = parseYaml(readFileSync(path, 'utf8'));
  } catch (error) {
    problems.push(`${path}: ${messageOf(error)}`);
    return null;
  }
  const result = documentShape.safeParse(document);
  if (result.success) return result.data;
  for (const issue of result.error.issues) problems.push(...mistakes(path, issue));
  return null;
}

function mistakes(path: string, issue: z.core.$ZodIssue): string[] {
  const where = issue.path.join('.');
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map(
      (key) => `${path}: ${where ? `${where}.` : ''}${key}: there is no such key`,
    );
  }
  return [`${path}: ${where || 'the file'}: ${where ? issue.message : 'must be a mapping'}`];
}
