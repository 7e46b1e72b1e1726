/** Where the report of a run goes. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, OnrampError } from '../../model/errors.ts';
import type { RunReport } from '../../model/report.ts';

/** Makes the folder before the run, so that a long one is not for nothing. */
export function prepareFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new OnrampError('config.invalid', `--out: ${messageOf(error)}`);
  }
}

/** Writes `{name}.json` and `{name}.html`, and answers their paths. */
export async function writeReport(
  folder: string,
  name: string,
  report: RunReport,
): Promise<string[]> {
  const { reportHtml } = await import('../report/report-html.ts');
  const files = [
    { path: join(folder, `${name}.json`), text: `${JSON.stringify(report, null, 2)}\n` },
    { path: join(folder, `${name}.html`), text: reportHtml(report) },
  ];
  for (const { path, text } of files) {
    try {
      writeFileSync(path, text);
    } catch (error) {
      throw new OnrampError('command.file-unwritable', `${path}: ${messageOf(error)}`, error);
    }
  }
  return files.map(({ path }) => path);
}
