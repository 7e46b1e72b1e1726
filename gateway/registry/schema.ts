/** The registry's file. */

import type { DatabaseFile } from '../sqlite-file.ts';

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
      PRAGMA journal_size_limit = 4194304;
      PRAGMA temp_store = MEMORY;
    `,
    migrations: [version1],
  };
}
