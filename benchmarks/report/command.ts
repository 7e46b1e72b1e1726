/** The `report` command: the page of a run that is over, from its `report.json`. */

import { readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { messageOf, OnrampError } from '../../model/errors.ts';
import type { RunReport } from '../../model/report.ts';
import { reportHtml } from './report-html.ts';

/** `onramp report FILE`. */
export function reportCommand(): Command {
  return new Command('report')
    .description('Write the page of a run from its report.json')
    .argument('<file>', 'the report.json of a run')
    .option('--out <file>', 'the page (default: beside the report, ending in .html)')
    .action((file: string, { out = pageBeside(file) }: { out?: string }) => {
      if (resolve(out) === resolve(file)) {
        throw new OnrampError('config.invalid', `--out: ${out} is the report itself`);
      }
      write(out, pageOf(read(file)));
      process.stdout.write(`${out}\n`);
    });
}

function pageBeside(file: string): string {
  return `${file.replace(/\.json$/i, '')}.html`;
}

/** @throws OnrampError `report.invalid` for what is no report of this version. */
export function pageOf(json: string): string {
  try {
    const report = JSON.parse(json) as RunReport | null;
    const schema = String(report?.schema);
    if (schema !== 'onramp-report/1') throw new Error(`its schema is ${schema}`);
    return reportHtml(report as RunReport);
  } catch (error) {
    // A part is missing or is something else: the engine's words would say less.
    const why = error instanceof TypeError ? 'a part of it is missing' : messageOf(error);
    throw new OnrampError('report.invalid', why, error);
  }
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new OnrampError('command.file-unreadable', messageOf(error), error);
  }
}

function write(file: string, page: string): void {
  try {
    writeFileSync(file, page);
  } catch (error) {
    throw new OnrampError('command.file-unwritable', messageOf(error), error);
  }
}
