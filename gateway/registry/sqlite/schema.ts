/** The registry's file. */

import type { DatabaseFile } from '../../data-folder/sqlite-file.ts';

const version1 = `
CREATE TABLE enterprise (
  id TEXT PRIMARY KEY,
  name_zh TEXT NOT NULL,
  name_en TEXT NOT NULL,
  district TEXT NOT NULL,
  park TEXT,
  industry TEXT NOT NULL,
  size_class TEXT,
  platform TEXT,
  created_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
  enterprise TEXT NOT NULL REFERENCES enterprise (id),
  device TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('device', 'gateway')),
  profile TEXT NOT NULL,
  district TEXT NOT NULL,
  industry TEXT NOT NULL,
  gateway TEXT,
  serial TEXT,
  secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
  -- 1: the secret derives from a fleet key, and a city import may refresh the row.
  fleet INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'registered',
  created_at_ms INTEGER NOT NULL,
  PRIMARY KEY (enterprise, device)
) STRICT, WITHOUT ROWID;

CREATE INDEX device_by_district ON device (district);
CREATE INDEX device_by_profile ON device (profile);
CREATE INDEX device_for_counts ON device (district, profile, kind);

CREATE TABLE profile (
  id TEXT PRIMARY KEY,
  enterprise TEXT,
  document TEXT NOT NULL,
  -- Every signal the profile ever had: {"signal": "type"}.
  types TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  updated_at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

const version2 = `
ALTER TABLE enterprise ADD COLUMN sessions_max INTEGER;
ALTER TABLE enterprise ADD COLUMN messages_per_second_max INTEGER;
ALTER TABLE enterprise ADD COLUMN revision INTEGER NOT NULL DEFAULT 1;

-- Rows have numbers, which the index of texts refers to.
CREATE TABLE numbered_device (
  id INTEGER PRIMARY KEY,
  enterprise TEXT NOT NULL REFERENCES enterprise (id),
  device TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('device', 'gateway')),
  profile TEXT NOT NULL,
  district TEXT NOT NULL,
  industry TEXT NOT NULL,
  gateway TEXT,
  serial TEXT,
  secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
  -- 1: the secret derives from a fleet key, and a city import may refresh the row.
  fleet INTEGER NOT NULL,
  state TEXT NOT NULL DEFAULT 'registered',
  suspended_from TEXT,
  created_at_ms INTEGER NOT NULL,
  provisioned_at_ms INTEGER,
  activated_at_ms INTEGER,
  last_row_at_ms INTEGER,
  revision INTEGER NOT NULL DEFAULT 1,
  -- The claim that provisioned it last.
  claim_id TEXT,
  -- The group whose key the secret derives from.
  group_id TEXT,
  certificate TEXT,
  certificate_not_before_ms INTEGER,
  certificate_authority TEXT
) STRICT;
INSERT INTO numbered_device (enterprise, device, kind, profile, district, industry, gateway, serial,
    secret_hash, fleet, state, created_at_ms)
  SELECT enterprise, device, kind, profile, district, industry, gateway, serial,
    secret_hash, fleet, state, created_at_ms
  FROM device ORDER BY enterprise, device;
DROP TABLE device;
ALTER TABLE numbered_device RENAME TO device;
CREATE UNIQUE INDEX device_by_key ON device (enterprise, device);

-- Machines of earlier registries may share a serial: all but the first lose it.
UPDATE device SET serial = NULL WHERE serial IS NOT NULL AND (enterprise, device) NOT IN (
  SELECT enterprise, min(device) FROM device WHERE serial IS NOT NULL GROUP BY enterprise, serial);
CREATE UNIQUE INDEX device_by_serial ON device (enterprise, serial) WHERE serial IS NOT NULL;

-- Lists: each in the order of keys, with what else is filtered by.
CREATE INDEX device_by_state ON device (state, enterprise, device, district, profile, kind);
CREATE INDEX device_by_district ON device (district, enterprise, device, profile, kind);
CREATE INDEX device_by_profile ON device (profile, enterprise, device, kind);
CREATE INDEX device_gateways ON device (enterprise, device) WHERE kind = 'gateway';
CREATE INDEX device_for_counts ON device (district, profile, kind);
CREATE INDEX device_unused ON device (provisioned_at_ms) WHERE state = 'provisioned';
CREATE INDEX device_by_group ON device (enterprise, group_id) WHERE group_id IS NOT NULL;
CREATE INDEX device_by_authority ON device (certificate_authority)
  WHERE certificate_authority IS NOT NULL;

-- Searching: every three characters of a text, which ends with two more so that each of its own
-- characters begins such three. An enterprise is its id and names, a device its id and serial.
CREATE VIRTUAL TABLE enterprise_text USING fts5 (
  id UNINDEXED, text, tokenize = 'trigram', detail = none);
CREATE VIRTUAL TABLE enterprise_trigram USING fts5vocab (enterprise_text, row);
INSERT INTO enterprise_text (id, text)
  SELECT id, lower(id || char(10) || name_zh || char(10) || name_en) || '  ' FROM enterprise;
CREATE TRIGGER enterprise_text_added AFTER INSERT ON enterprise
BEGIN
  INSERT INTO enterprise_text (id, text) VALUES
    (new.id, lower(new.id || char(10) || new.name_zh || char(10) || new.name_en) || '  ');
END;
CREATE TRIGGER enterprise_text_changed AFTER UPDATE OF name_zh, name_en ON enterprise
WHEN (new.name_zh, new.name_en) IS NOT (old.name_zh, old.name_en)
BEGIN
  UPDATE enterprise_text
    SET text = lower(new.id || char(10) || new.name_zh || char(10) || new.name_en) || '  '
    WHERE rowid = (SELECT rowid FROM enterprise_text WHERE id = new.id);
END;
CREATE VIRTUAL TABLE device_text USING fts5 (
  text, tokenize = 'trigram', detail = none, content = '', contentless_delete = 1);
CREATE VIRTUAL TABLE device_trigram USING fts5vocab (device_text, row);
INSERT INTO device_text (rowid, text)
  SELECT id, device || char(10) || coalesce(serial, '') || '  ' FROM device;
CREATE TRIGGER device_text_added AFTER INSERT ON device
BEGIN
  INSERT INTO device_text (rowid, text) VALUES
    (new.id, new.device || char(10) || coalesce(new.serial, '') || '  ');
END;
CREATE TRIGGER device_text_changed AFTER UPDATE OF serial ON device
WHEN new.serial IS NOT old.serial
BEGIN
  DELETE FROM device_text WHERE rowid = old.id;
  INSERT INTO device_text (rowid, text) VALUES
    (new.id, new.device || char(10) || coalesce(new.serial, '') || '  ');
END;

CREATE TABLE audit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at_ms INTEGER NOT NULL,
  enterprise TEXT NOT NULL,
  device TEXT,
  event TEXT NOT NULL,
  from_state TEXT,
  to_state TEXT,
  cause TEXT NOT NULL,
  actor TEXT NOT NULL
) STRICT;
-- In chapters, so that new entries are near each other: see audit-table.ts.
CREATE INDEX audit_by_device ON audit (id >> 13, enterprise, device);
CREATE INDEX audit_by_time ON audit (at_ms);
CREATE TRIGGER audit_is_append_only BEFORE UPDATE ON audit
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;

CREATE TABLE token (
  id TEXT PRIMARY KEY,
  role TEXT NOT NULL CHECK (role IN ('operator', 'enterprise', 'viewer')),
  enterprise TEXT,
  name TEXT NOT NULL,
  secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  revoked_at_ms INTEGER,
  last_used_at_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX token_by_enterprise ON token (enterprise, id);

CREATE TABLE claim (
  enterprise TEXT NOT NULL REFERENCES enterprise (id),
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  secret_hash BLOB NOT NULL CHECK (length(secret_hash) = 32),
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  devices_max INTEGER NOT NULL,
  devices INTEGER NOT NULL DEFAULT 0,
  profile TEXT,
  -- How many serials claim_serial lists; null: every serial may claim.
  serials INTEGER,
  revoked_at_ms INTEGER,
  PRIMARY KEY (enterprise, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE claim_serial (
  enterprise TEXT NOT NULL,
  claim TEXT NOT NULL,
  serial TEXT NOT NULL,
  PRIMARY KEY (enterprise, claim, serial),
  FOREIGN KEY (enterprise, claim) REFERENCES claim (enterprise, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE group_key (
  enterprise TEXT NOT NULL REFERENCES enterprise (id),
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  profile TEXT NOT NULL,
  -- Encrypted: nonce, ciphertext and tag of AES-256-GCM.
  sealed_key BLOB NOT NULL,
  devices_max INTEGER NOT NULL,
  devices INTEGER NOT NULL DEFAULT 0,
  created_at_ms INTEGER NOT NULL,
  revoked_at_ms INTEGER,
  PRIMARY KEY (enterprise, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE authority (
  enterprise TEXT NOT NULL REFERENCES enterprise (id),
  fingerprint TEXT NOT NULL,
  name TEXT NOT NULL,
  subject TEXT NOT NULL,
  certificate TEXT NOT NULL,
  not_before_ms INTEGER NOT NULL,
  not_after_ms INTEGER NOT NULL,
  profile TEXT,
  -- Unknown devices it may vouch for, and has; null without a profile for them.
  devices_max INTEGER,
  devices INTEGER NOT NULL DEFAULT 0,
  created_at_ms INTEGER NOT NULL,
  revoked_at_ms INTEGER,
  PRIMARY KEY (enterprise, fingerprint)
) STRICT, WITHOUT ROWID;

-- Grows by one with every change of a profile, so that workers read profiles again only then.
CREATE TABLE profile_version (version INTEGER NOT NULL) STRICT;
INSERT INTO profile_version VALUES (1);
CREATE TRIGGER profile_added AFTER INSERT ON profile
BEGIN UPDATE profile_version SET version = version + 1; END;
CREATE TRIGGER profile_changed AFTER UPDATE ON profile
BEGIN UPDATE profile_version SET version = version + 1; END;

CREATE TABLE trial (
  enterprise TEXT PRIMARY KEY REFERENCES enterprise (id),
  device TEXT NOT NULL,
  created_at_ms INTEGER NOT NULL,
  expires_at_ms INTEGER NOT NULL,
  ended_at_ms INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX trial_living ON trial (expires_at_ms) WHERE ended_at_ms IS NULL;
`;

/**
 * The registry at `path`. Write-ahead log, so that readers and the writer do not wait for each
 * other; a commit is on disk when it returns.
 */
export function registryFile(path: string): DatabaseFile {
  return {
    path,
    pragmas: `
      PRAGMA journal_mode = WAL;
      PRAGMA synchronous = FULL;
      PRAGMA foreign_keys = ON;
      PRAGMA journal_size_limit = 16777216;
      PRAGMA wal_autocheckpoint = 4000;
      PRAGMA cache_size = -32768;
      PRAGMA temp_store = MEMORY;
    `,
    migrations: [version1, version2],
  };
}
