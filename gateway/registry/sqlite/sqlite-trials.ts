/** Trials in the registry's file. */

import type { DatabaseSync } from 'node:sqlite';
import type { DeviceState } from '../../../model/device.ts';
import { OnrampError } from '../../../model/errors.ts';
import { limits } from '../../../model/limits.ts';
import { enterpriseProblem, throwProblem } from '../device-check.ts';
import type { DeviceKind, IssuedCredential, Page, PageRequest } from '../registry.ts';
import { generateSecret } from '../secrets.ts';
import type { NewTrial, TrialEntry, Trials } from '../trials.ts';
import { registerDevice } from './devices-table.ts';
import { findEnterprise } from './directory-queries.ts';
import { putEnterprise } from './enterprises-table.ts';
import { appendNote, type Doer } from './life-table.ts';
import { checkLimit, pageOf } from './pages.ts';
import { putProfile } from './profiles-table.ts';
import type { RegistryConnection } from './sqlite-part.ts';
import type { Row } from './sqlite-reader.ts';
import { prepared } from './statements.ts';

/** What marks the enterprise of a trial; it may not get in the way of others. */
const marked = {
  platform: 'trial',
  limits: {
    sessionsMax: limits.trialSessionsMax,
    messagesPerSecondMax: limits.trialMessagesPerSecondMax,
  },
};

const trialWithDevice = `
  SELECT trial.*, name_zh, name_en, kind, profile, state, activated_at_ms
  FROM trial
  JOIN enterprise ON enterprise.id = trial.enterprise
  JOIN device ON device.enterprise = trial.enterprise AND device.device = trial.device`;

export class SqliteTrials implements Trials {
  readonly #connection: RegistryConnection;
  readonly #db: DatabaseSync;

  constructor(connection: RegistryConnection) {
    this.#connection = connection;
    this.#db = connection.db;
  }

  begin(trial: NewTrial, actor: string): Promise<IssuedCredential> {
    const { device, enterprise, name, profile } = trial;
    const secret = generateSecret();
    return this.#connection.write(() => {
      const doer = { actor, nowMs: this.#connection.clock.nowMs() };
      this.#makeRoom(doer.nowMs);
      const described = { id: enterprise, name, ...marked };
      throwProblem(enterpriseProblem(described));
      if (findEnterprise(this.#db, enterprise) !== null) {
        throw new OnrampError('registry.exists', enterprise);
      }
      putEnterprise(this.#db, described, null, doer);
      if (typeof profile !== 'string') putProfile(this.#db, profile, enterprise, doer.nowMs);
      const profileId = typeof profile === 'string' ? profile : profile.id;
      registerDevice(this.#db, { enterprise, device, profile: profileId }, secret, doer);
      prepared(this.#db, 'INSERT INTO trial VALUES (?, ?, ?, ?, NULL)').run(
        enterprise,
        device,
        doer.nowMs,
        trial.expiresAtMs,
      );
      this.#note(enterprise, 'trial-begun', doer);
      return { enterprise, device, secret };
    });
  }

  #makeRoom(nowMs: number): void {
    const count = prepared(
      this.#db,
      'SELECT count(*) AS n FROM trial WHERE ended_at_ms IS NULL AND expires_at_ms > ?',
    ).get(nowMs)!.n as number;
    if (count >= limits.trialsMax) {
      throw new OnrampError('registry.too-many', `${limits.trialsMax} trials`);
    }
  }

  async get(enterprise: string): Promise<TrialEntry | null> {
    return this.#connection.read(() => this.#find(enterprise));
  }

  #find(enterprise: string): TrialEntry | null {
    const row = prepared(this.#db, `${trialWithDevice} WHERE trial.enterprise = ?`).get(enterprise);
    return row === undefined ? null : trialEntry(row);
  }

  async list(
    { living = false }: { readonly living?: boolean },
    { after = '', limit }: PageRequest,
  ): Promise<Page<TrialEntry>> {
    checkLimit(limit, limits.apiPageRowsMax);
    const which = living ? 'AND ended_at_ms IS NULL' : '';
    const sql = `${trialWithDevice} WHERE trial.enterprise > ? ${which}
      ORDER BY trial.enterprise LIMIT ?`;
    const rows = this.#connection.read(() => prepared(this.#db, sql).all(after, limit + 1));
    return pageOf(rows.map(trialEntry), limit, ({ enterprise }) => enterprise);
  }

  async due(nowMs: number): Promise<readonly string[]> {
    const sql = `SELECT enterprise FROM trial WHERE ended_at_ms IS NULL AND expires_at_ms <= ?
      ORDER BY expires_at_ms LIMIT ?`;
    const rows = this.#connection.read(() => prepared(this.#db, sql).all(nowMs, limits.trialsMax));
    return rows.map((row) => row.enterprise as string);
  }

  end(enterprise: string, actor: string): Promise<TrialEntry> {
    return this.#connection.write(() => {
      const nowMs = this.#connection.clock.nowMs();
      const { changes } = prepared(
        this.#db,
        'UPDATE trial SET ended_at_ms = ? WHERE enterprise = ? AND ended_at_ms IS NULL',
      ).run(nowMs, enterprise);
      if (changes > 0) this.#note(enterprise, 'trial-ended', { actor, nowMs });
      const ended = this.#find(enterprise);
      if (ended === null) throw new OnrampError('registry.not-found', `trial ${enterprise}`);
      return ended;
    });
  }

  #note(enterprise: string, event: string, doer: Doer): void {
    appendNote(this.#db, { enterprise, event, cause: '' }, doer);
  }
}

function trialEntry(row: Row): TrialEntry {
  return {
    enterprise: row.enterprise as string,
    name: { zh: row.name_zh as string, en: row.name_en as string },
    device: row.device as string,
    kind: row.kind as DeviceKind,
    profile: row.profile as string,
    state: row.state as DeviceState,
    createdAtMs: row.created_at_ms as number,
    expiresAtMs: row.expires_at_ms as number,
    endedAtMs: row.ended_at_ms as number | null,
    activatedAtMs: row.activated_at_ms as number | null,
  };
}
