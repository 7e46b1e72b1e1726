/**
 * An import on a connection of its own: rows gather in a temporary table, everything is checked
 * against the registry, which others go on changing, and then, after what they changed is checked
 * again, merged in one transaction. Until then the registry is neither locked nor changed, and a
 * crash leaves nothing behind.
 */

import type { KeyObject } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Enterprise } from '../../../model/enterprise.ts';
import { fleetSecret, secretHash } from '../../../model/fleet-secret.ts';
import { limits } from '../../../model/limits.ts';
import { deviceProblem, type ProfileOwners, quoted, withDefaults } from '../device-check.ts';
import type { ImportReport, ImportRow, RowError } from '../registry.ts';
import {
  type ExistingRule,
  markStale,
  newestEntry,
  refuseBadRows,
  refuseStaleRows,
} from './import-checks.ts';
import {
  addDevices,
  changeDevices,
  changedKeys,
  compare,
  creditedRows,
  enterprisesOfCity,
  enterprisesOfRows,
  leavesTextsSlow,
  mergeTexts,
  stagedCounts,
} from './import-merge.ts';

/** A row on its way; `generated` tells a secret made here from one that was brought along. */
export interface StagedRow extends ImportRow {
  readonly generated?: boolean;
}

export interface StagingOptions {
  readonly dryRun: boolean;
  readonly skipBadRows: boolean;
  /** `fleet` updates only what an earlier city import registered. */
  readonly existing: ExistingRule;
  /** Rows of any other enterprise are bad. */
  readonly enterprise: string | null;
  /** Secrets derive from this key instead of coming with the rows. */
  readonly fleetKey: KeyObject | null;
  /** Who imports, for the audit trail. */
  readonly actor: string;
  readonly nowMs: number;
}

/** A report without credentials; these are the numbers of rows whose generated secret counts. */
export interface StagingReport extends Omit<ImportReport, 'credentials'> {
  readonly credited: Uint32Array;
}

const stagingTables = `
CREATE TEMP TABLE staging (
  row INTEGER NOT NULL, enterprise TEXT NOT NULL, device TEXT NOT NULL, kind TEXT NOT NULL,
  profile TEXT NOT NULL, district TEXT, industry TEXT, gateway TEXT, serial TEXT,
  secret_hash BLOB, generated_hash BLOB, fleet INTEGER NOT NULL,
  -- 1: the registry has changed since the row was checked.
  stale INTEGER NOT NULL DEFAULT 0,
  -- 1: registered already; and what the row changes of it, each word after a space.
  known INTEGER NOT NULL DEFAULT 0, changes TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (enterprise, device)
) WITHOUT ROWID;
CREATE INDEX temp.staging_stale ON staging (enterprise, device) WHERE stale = 1;
CREATE TEMP TABLE staging_enterprise (
  id TEXT PRIMARY KEY, name_zh TEXT, name_en TEXT, district TEXT, park TEXT, industry TEXT,
  size_class TEXT, platform TEXT
) WITHOUT ROWID;
`;

const insertRow = `
INSERT INTO staging (row, enterprise, device, kind, profile, district, industry, gateway, serial,
  secret_hash, generated_hash, fleet)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (enterprise, device) DO NOTHING`;

/** One import, on a connection nobody else uses. */
export class Staging {
  readonly #db: DatabaseSync;
  readonly #options: StagingOptions;
  readonly #owners: ProfileOwners;
  readonly #insert: StatementSync;
  #rows = 0;
  #badRows = 0;
  #errors: RowError[] = [];
  /** The last entry of the audit trail that the checks know of. */
  #checkedTo = 0;

  constructor(db: DatabaseSync, options: StagingOptions, owners: ProfileOwners) {
    db.exec(stagingTables);
    this.#db = db;
    this.#options = options;
    this.#owners = owners;
    this.#insert = db.prepare(insertRow);
  }

  /** Describes enterprises that the rows belong to; one already registered stays as it is. */
  stageEnterprises(enterprises: readonly Enterprise[]): void {
    const insert = this.#db.prepare(
      'INSERT OR IGNORE INTO staging_enterprise VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
    );
    for (const e of enterprises) {
      const { name, district, park, industry, sizeClass, platform } = e;
      insert.run(e.id, name.zh, name.en, district, park, industry, sizeClass, platform);
    }
  }

  /** Takes rows in; a bad one is noted. */
  stage(rows: readonly (StagedRow | RowError)[]): void {
    for (const row of rows) {
      this.#rows += 1;
      if ('code' in row) this.#bad(row);
      else this.#stageRow(row);
    }
  }

  #stageRow(row: StagedRow): void {
    const only = this.#options.enterprise;
    if (only !== null && row.enterprise !== only) {
      const detail = `enterprise ${quoted(row.enterprise)} is not ${only}`;
      this.#bad({ row: row.row, code: 'registry.row-invalid', detail });
      return;
    }
    const problem = deviceProblem(row, this.#owners);
    if (problem !== null) {
      this.#bad({ row: row.row, ...problem });
      return;
    }
    const { kind, profile } = withDefaults(row);
    const { fleetKey } = this.#options;
    const { enterprise, device } = row;
    const secret = fleetKey === null ? row.secret! : fleetSecret(fleetKey, enterprise, device);
    const hash = secretHash(secret);
    const { changes } = this.#insert.run(
      row.row,
      enterprise,
      device,
      kind,
      profile,
      row.district ?? null,
      row.industry ?? null,
      row.gateway ?? null,
      row.serial ?? null,
      row.generated ? null : hash,
      row.generated ? hash : null,
      fleetKey === null ? 0 : 1,
    );
    if (changes === 0) this.#duplicate(row);
  }

  #duplicate(row: StagedRow): void {
    const first = this.#db
      .prepare('SELECT row FROM staging WHERE enterprise = ? AND device = ?')
      .get(row.enterprise, row.device)!;
    const detail = `${row.enterprise}.${row.device} is already in row ${first.row}`;
    this.#bad({ row: row.row, code: 'registry.row-invalid', detail });
  }

  /** Checks every row against the registry, while others may write. */
  check(): void {
    const db = this.#db;
    // One view of the registry.
    db.exec('BEGIN');
    try {
      this.#checkedTo = newestEntry(db);
      refuseBadRows(db, this.#options.existing, (error) => this.#bad(error));
      compare(db, 'all');
    } finally {
      db.exec('COMMIT');
    }
  }

  /** Merges what was checked, all or nothing, unless that is refused. */
  merge(): StagingReport {
    const db = this.#db;
    if (this.#refused) return this.#report({});
    if (this.#options.dryRun) return this.#report(this.#counted());
    db.exec('BEGIN IMMEDIATE');
    try {
      this.#checkAgain();
      if (this.#refused) return this.#report({});
      enterprisesOfCity(db, this.#options);
      enterprisesOfRows(db, this.#options);
      addDevices(db, this.#options);
      changeDevices(db, this.#options);
      db.exec('COMMIT');
    } finally {
      if (db.isTransaction) db.exec('ROLLBACK');
    }
    return this.#report({
      ...this.#counted(),
      committed: true,
      changed: changedKeys(db),
      credited: creditedRows(db),
    });
  }

  get #refused(): boolean {
    return this.#badRows > 0 && !this.#options.skipBadRows;
  }

  #counted(): { added: number; updated: number } {
    const { staged, known } = stagedCounts(this.#db);
    return { added: staged - known, updated: known };
  }

  /** Checks what others have changed in the meantime, now that nobody else can. */
  #checkAgain(): void {
    const db = this.#db;
    markStale(db, this.#checkedTo);
    const { existing } = this.#options;
    if (refuseStaleRows(db, existing, (error) => this.#bad(error))) compare(db, 'stale');
  }

  /**
   * After the merge: leaves searching as fast as it was, a step at each call, between which others
   * may write; false when nothing is left to do.
   */
  tidy(first: boolean): boolean {
    if (first && !leavesTextsSlow(this.#db)) return false;
    return mergeTexts(this.#db, first);
  }

  #bad(error: RowError): void {
    this.#badRows += 1;
    this.#errors.push(error);
    if (this.#errors.length >= 2 * limits.importErrorsMax) this.#errors = this.#firstErrors();
  }

  #firstErrors(): RowError[] {
    return this.#errors.sort((a, b) => a.row - b.row).slice(0, limits.importErrorsMax);
  }

  /** `outcome`, which is nothing unless said, with what was read. */
  #report(outcome: Partial<StagingReport>): StagingReport {
    return {
      rows: this.#rows,
      added: 0,
      updated: 0,
      badRows: this.#badRows,
      errors: this.#firstErrors(),
      committed: false,
      credited: new Uint32Array(),
      changed: [],
      ...outcome,
    };
  }
}
