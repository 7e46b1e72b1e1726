/**
 * An import on a connection of its own: rows gather in a temporary table, then everything is
 * checked against the registry and merged in one transaction. Until then the registry is neither
 * locked nor changed, and a crash leaves nothing behind.
 */

import type { KeyObject } from 'node:crypto';
import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { Enterprise } from '../../model/enterprise.ts';
import { fleetSecret, secretHash } from '../../model/fleet-secret.ts';
import { limits } from '../../model/limits.ts';
import { deviceProblem, type ProfileOwners, quoted, withDefaults } from './device-check.ts';
import { enterprisesOfCity, enterprisesOfRows, mergeDevices, takeOver } from './import-merge.ts';
import type { ImportReport, ImportRow, RowError } from './registry.ts';

/** A row on its way; `generated` tells a secret made here from one that was brought along. */
export interface StagedRow extends ImportRow {
  readonly generated?: boolean;
}

export interface StagingOptions {
  readonly dryRun: boolean;
  readonly skipBadRows: boolean;
  /** `fleet` updates only what an earlier city import registered. */
  readonly existing: 'refuse' | 'update' | 'fleet';
  /** Rows of any other enterprise are bad. */
  readonly enterprise: string | null;
  /** Secrets derive from this key instead of coming with the rows. */
  readonly fleetKey: KeyObject | null;
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
  PRIMARY KEY (enterprise, device)
) WITHOUT ROWID;
CREATE TEMP TABLE staging_enterprise (
  id TEXT PRIMARY KEY, name_zh TEXT, name_en TEXT, district TEXT, park TEXT, industry TEXT,
  size_class TEXT, platform TEXT
) WITHOUT ROWID;
`;

const insertRow = `
INSERT INTO staging VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (enterprise, device) DO NOTHING`;

/** Rows that are registered already and must not be. */
const existingRefused: Readonly<Record<StagingOptions['existing'], string>> = {
  refuse: 'true',
  update: 'device.kind <> staging.kind',
  fleet: 'device.fleet = 0 OR device.kind <> staging.kind',
};

const gatewayUnknown = `
gateway IS NOT NULL
AND NOT EXISTS (SELECT 1 FROM main.device AS g
  WHERE g.enterprise = staging.enterprise AND g.device = staging.gateway AND g.kind = 'gateway')
AND NOT EXISTS (SELECT 1 FROM staging AS g
  WHERE g.enterprise = staging.enterprise AND g.device = staging.gateway AND g.kind = 'gateway')`;

/** One import, on a connection nobody else uses. */
export class Staging {
  readonly #db: DatabaseSync;
  readonly #options: StagingOptions;
  readonly #owners: ProfileOwners;
  readonly #insert: StatementSync;
  #rows = 0;
  #badRows = 0;
  #errors: RowError[] = [];

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

  /** Checks everything against the registry and merges it, all or nothing. */
  finish(): StagingReport {
    const db = this.#db;
    db.exec('BEGIN IMMEDIATE');
    try {
      const report = this.#checkAndMerge();
      if (report.committed) db.exec('COMMIT');
      return report;
    } finally {
      if (db.isTransaction) db.exec('ROLLBACK');
    }
  }

  #checkAndMerge(): StagingReport {
    const { dryRun, skipBadRows, existing, nowMs } = this.#options;
    this.#refuseExisting(existingRefused[existing]);
    this.#refuseUnknownGateways();
    if (this.#badRows > 0 && !skipBadRows) return this.#report(0, 0, false, []);
    const updated = takeOver(this.#db);
    const staged = this.#db.prepare('SELECT count(*) AS n FROM staging').get()!.n as number;
    if (dryRun) return this.#report(staged - updated, updated, false, []);
    const credited = this.#db
      .prepare('SELECT row FROM staging WHERE secret_hash IS NULL')
      .all()
      .map(({ row }) => row as number);
    enterprisesOfCity(this.#db, nowMs);
    enterprisesOfRows(this.#db, nowMs);
    mergeDevices(this.#db, nowMs);
    return this.#report(staged - updated, updated, true, credited);
  }

  #refuseExisting(condition: string): void {
    const from = `FROM staging JOIN main.device USING (enterprise, device) WHERE ${condition}`;
    const rows = this.#db.prepare(
      `SELECT staging.row, enterprise, device, device.kind ${from} ORDER BY staging.row`,
    );
    for (const { row, enterprise, device, kind } of rows.all()) {
      const detail = `${enterprise}.${device} is a registered ${kind}`;
      this.#bad({ row: row as number, code: 'registry.exists', detail });
    }
    this.#db.exec(`DELETE FROM staging WHERE (enterprise, device) IN (
      SELECT enterprise, device ${from})`);
  }

  #refuseUnknownGateways(): void {
    const rows = this.#db.prepare(
      `SELECT row, enterprise, gateway FROM staging WHERE ${gatewayUnknown} ORDER BY row`,
    );
    for (const { row, enterprise, gateway } of rows.all()) {
      const detail = `${enterprise} has no gateway ${gateway}`;
      this.#bad({ row: row as number, code: 'registry.unknown-gateway', detail });
    }
    this.#db.exec(`DELETE FROM staging WHERE ${gatewayUnknown}`);
  }

  #bad(error: RowError): void {
    this.#badRows += 1;
    this.#errors.push(error);
    if (this.#errors.length >= 2 * limits.importErrorsMax) this.#errors = this.#firstErrors();
  }

  #firstErrors(): RowError[] {
    return this.#errors.sort((a, b) => a.row - b.row).slice(0, limits.importErrorsMax);
  }

  #report(
    added: number,
    updated: number,
    committed: boolean,
    credited: readonly number[],
  ): StagingReport {
    return {
      rows: this.#rows,
      added,
      updated,
      badRows: this.#badRows,
      errors: this.#firstErrors(),
      committed,
      credited: Uint32Array.from(credited),
    };
  }
}
