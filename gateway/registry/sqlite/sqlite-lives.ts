/** The lives of devices in an SQLite file. */

import type { StatementSync } from 'node:sqlite';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DeviceState } from '../../../model/device.ts';
import { OnrampError } from '../../../model/errors.ts';
import { secretHash } from '../../../model/fleet-secret.ts';
import { deviceKey } from '../../../model/identifiers.ts';
import { limits } from '../../../model/limits.ts';
import type {
  AuditEntry,
  AuditFilter,
  FirstUse,
  LifeChange,
  LifeOutcome,
  LifeRow,
  Lives,
} from '../lives.ts';
import type { Page, PageRequest } from '../registry.ts';
import { generateSecret } from '../secrets.ts';
import { auditPage } from './audit-table.ts';
import { inBatches } from './batches.ts';
import { appendAudit, applyChange } from './life-table.ts';
import { checkLimit, keyAfter, pageOf } from './pages.ts';
import type { RegistryConnection } from './sqlite-part.ts';
import type { Row } from './sqlite-reader.ts';

/** Rows of one transaction where all-or-nothing is not promised: about 20 milliseconds each. */
const rowsPerTransaction = 1000;

/** Implements `Lives`; each promise resolves when its change is on disk. */
export class SqliteLives implements Lives {
  readonly #connection: RegistryConnection;
  readonly #issued: StatementSync;
  readonly #noteRow: StatementSync;
  readonly #rows: StatementSync;
  readonly #unused: StatementSync;
  readonly #void: StatementSync;
  readonly #prune: StatementSync;

  constructor(connection: RegistryConnection) {
    this.#connection = connection;
    const { db } = connection;
    this.#issued = db.prepare(
      `SELECT 1 FROM device
       WHERE enterprise = ? AND device = ? AND state = 'provisioned' AND secret_hash = ?`,
    );
    this.#noteRow = db.prepare(
      `UPDATE device SET last_row_at_ms = ?1
       WHERE enterprise = ?2 AND device = ?3 AND coalesce(last_row_at_ms, 0) < ?1`,
    );
    this.#rows = db.prepare(
      `SELECT enterprise, device, kind, profile, district, industry, gateway, state,
         activated_at_ms, last_row_at_ms
       FROM device WHERE (enterprise, device) > (?, ?) ORDER BY enterprise, device LIMIT ?`,
    );
    this.#unused = db.prepare(
      `SELECT enterprise, device FROM device
       WHERE state = 'provisioned' AND provisioned_at_ms < ? LIMIT ${rowsPerTransaction}`,
    );
    this.#void = db.prepare(
      'UPDATE device SET secret_hash = ? WHERE enterprise = ? AND device = ?',
    );
    this.#prune = db.prepare(
      `DELETE FROM audit WHERE id IN
         (SELECT id FROM audit WHERE at_ms < ? ORDER BY at_ms LIMIT ${rowsPerTransaction})`,
    );
  }

  apply(changes: readonly LifeChange[]): Promise<readonly (LifeOutcome | null)[]> {
    if (changes.length === 0) return Promise.resolve([]);
    const { db, write } = this.#connection;
    return write(() => changes.map((change) => applyChange(db, change)));
  }

  arrive(devices: readonly FirstUse[]): Promise<readonly (LifeOutcome | null)[]> {
    return inBatches(this.#connection, devices, (batch) => batch.map((one) => this.#arrive(one)));
  }

  #arrive({ enterprise, device, secretHash, atMs }: FirstUse): LifeOutcome | null {
    if (this.#issued.get(enterprise, device, secretHash) === undefined) return null;
    const cause = 'it connected with its credential';
    return applyChange(this.#connection.db, {
      ...{ enterprise, device, atMs, cause },
      event: 'connect',
      actor: 'device',
    });
  }

  async noteRows(
    rows: readonly {
      readonly enterprise: string;
      readonly device: string;
      readonly atMs: number;
    }[],
  ): Promise<void> {
    for (let i = 0; i < rows.length; i += rowsPerTransaction) {
      const part = rows.slice(i, i + rowsPerTransaction);
      await this.#connection.write(() => {
        for (const { enterprise, device, atMs } of part)
          this.#noteRow.run(atMs, enterprise, device);
      });
      await nextTurn();
    }
  }

  async rows({ after, limit }: PageRequest): Promise<Page<LifeRow>> {
    checkLimit(limit, limits.lifeRowsMax);
    const key = keyAfter(after);
    const found = this.#connection.read(() =>
      this.#rows.all(key.enterprise, key.device, limit + 1),
    );
    return pageOf(found.map(lifeRow), limit, (row) => deviceKey(row.enterprise, row.device));
  }

  async expireUnused(beforeMs: number, nowMs: number): Promise<readonly LifeOutcome[]> {
    const expired: LifeOutcome[] = [];
    for (;;) {
      const some = await this.#connection.write(() => this.#expireSome(beforeMs, nowMs));
      expired.push(...some);
      if (some.length < rowsPerTransaction) return expired;
      await nextTurn();
    }
  }

  #expireSome(beforeMs: number, nowMs: number): LifeOutcome[] {
    return this.#unused.all(beforeMs).flatMap((row) => {
      const [enterprise, device] = [row.enterprise as string, row.device as string];
      const outcome = applyChange(this.#connection.db, {
        enterprise,
        device,
        event: 'expire',
        atMs: nowMs,
        cause: 'its credential was not used in time',
        actor: 'system',
      });
      this.#void.run(secretHash(generateSecret()), enterprise, device);
      return outcome ?? [];
    });
  }

  async audit(filter: AuditFilter, { after, limit }: PageRequest): Promise<Page<AuditEntry>> {
    checkLimit(limit, limits.apiPageRowsMax);
    const { enterprise, device } = filter;
    if (device !== undefined && enterprise === undefined) {
      throw new OnrampError('api.bad-request', 'a device needs its enterprise');
    }
    const before = after === undefined ? Number.MAX_SAFE_INTEGER : entryId(after);
    const { db, read } = this.#connection;
    return read(() => auditPage(db, filter, before, limit));
  }

  note(entry: Omit<AuditEntry, 'id' | 'from' | 'to'>): Promise<void> {
    const { db, write } = this.#connection;
    return write(() => appendAudit(db, { ...entry, from: null, to: null }));
  }

  async pruneAudit(beforeMs: number): Promise<number> {
    let removed = 0;
    for (;;) {
      const { changes } = await this.#connection.write(() => this.#prune.run(beforeMs));
      removed += Number(changes);
      if (Number(changes) < rowsPerTransaction) return removed;
      await nextTurn();
    }
  }
}

function entryId(text: string): number {
  const id = Number(text);
  if (Number.isSafeInteger(id) && id > 0) return id;
  throw new OnrampError('api.bad-request', 'after is not the id of an entry');
}

function lifeRow(row: Row): LifeRow {
  return {
    enterprise: row.enterprise as string,
    device: row.device as string,
    kind: row.kind as LifeRow['kind'],
    profile: row.profile as string,
    district: row.district as string,
    industry: row.industry as string,
    gateway: row.gateway as string | null,
    state: row.state as DeviceState,
    activatedAtMs: row.activated_at_ms as number | null,
    lastRowAtMs: row.last_row_at_ms as number | null,
  };
}
