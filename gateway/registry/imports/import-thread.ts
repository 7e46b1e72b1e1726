/**
 * The thread of an import: a merge of 100,000 devices takes its connection a second and must not
 * hold up the supervisor's event loop. One answer for each message.
 */

import { type MessagePort, parentPort, workerData } from 'node:worker_threads';
import type { Enterprise } from '../../../model/enterprise.ts';
import { type ErrorCode, OnrampError } from '../../../model/errors.ts';
import { databaseError, openFurther } from '../../data-folder/sqlite-file.ts';
import type { ProfileOwners } from '../device-check.ts';
import type { RowError } from '../registry.ts';
import { registryFile } from '../sqlite/schema.ts';
import {
  type StagedRow,
  Staging,
  type StagingOptions,
  type StagingReport,
} from './import-staging.ts';

/** What the thread is started with. */
export interface ImportThreadData {
  readonly path: string;
  /** The profiles as they are when the import begins. */
  readonly owners: ProfileOwners;
  readonly options: StagingOptions;
}

export type ImportMessage =
  | { readonly type: 'rows'; readonly rows: readonly (StagedRow | RowError)[] }
  | { readonly type: 'enterprises'; readonly enterprises: readonly Enterprise[] }
  /** Asks for the report. */
  | { readonly type: 'finish' }
  /** After a report: the next step of leaving searching fast, the first one or a further one. */
  | { readonly type: 'tidy'; readonly first: boolean };

export type ImportAnswer =
  | { readonly type: 'done' }
  | { readonly type: 'report'; readonly report: StagingReport }
  | { readonly type: 'tidied'; readonly more: boolean }
  | { readonly type: 'failed'; readonly code: ErrorCode; readonly details: readonly string[] };

/** The wait for the supervisor's own writes, each some milliseconds long. */
const busyTimeoutMs = 30_000;

function answer(staging: Staging, message: ImportMessage): ImportAnswer {
  if (message.type === 'finish') {
    staging.check();
    return { type: 'report', report: staging.merge() };
  }
  if (message.type === 'tidy') return { type: 'tidied', more: staging.tidy(message.first) };
  if (message.type === 'rows') staging.stage(message.rows);
  else staging.stageEnterprises(message.enterprises);
  return { type: 'done' };
}

function openStaging(data: ImportThreadData): Staging {
  const db = openFurther(registryFile(data.path), busyTimeoutMs);
  db.exec('PRAGMA cache_size = -65536');
  return new Staging(db, data.options, data.owners);
}

function serve(port: MessagePort, data: ImportThreadData): void {
  let staging: Staging | null = null;
  port.on('message', (message: ImportMessage) => {
    try {
      staging ??= openStaging(data);
      port.postMessage(answer(staging, message));
    } catch (error) {
      const known = databaseError(error, data.path);
      if (!(known instanceof OnrampError)) throw known;
      const failed: ImportAnswer = { type: 'failed', code: known.code, details: known.details };
      port.postMessage(failed);
    }
  });
}

if (parentPort !== null) serve(parentPort, workerData as ImportThreadData);
