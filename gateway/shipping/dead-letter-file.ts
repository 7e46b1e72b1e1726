/** The file of the dead letters: one table, and tallies that triggers keep. */

import type { DatabaseFile } from '../data-folder/sqlite-file.ts';

const version1 = `
CREATE TABLE letter (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  generation TEXT NOT NULL,
  segment INTEGER NOT NULL,
  "offset" INTEGER NOT NULL,
  stage TEXT NOT NULL,
  "index" INTEGER NOT NULL,
  at_ms INTEGER NOT NULL,
  enterprise TEXT NOT NULL,
  device TEXT NOT NULL,
  profile TEXT NOT NULL,
  code TEXT NOT NULL,
  detail TEXT NOT NULL,
  scope TEXT NOT NULL,
  readings INTEGER NOT NULL,
  topic TEXT NOT NULL,
  payload_encoding TEXT NOT NULL,
  replay TEXT NOT NULL DEFAULT 'waiting' CHECK (replay IN ('waiting', 'stored', 'refused')),
  replayed_at_ms INTEGER,
  replay_detail TEXT,
  -- Last, so that listing reads no more of a row than it shows.
  payload TEXT,
  UNIQUE (generation, segment, "offset", stage, "index")
) STRICT;

CREATE INDEX letter_by_enterprise ON letter (enterprise, id);
CREATE INDEX letter_by_code ON letter (code, id);
CREATE INDEX letter_by_time ON letter (at_ms);
CREATE INDEX letter_with_payload ON letter (enterprise, id) WHERE payload IS NOT NULL;

-- letters and readings: ever; kept and with_payload: now; payloads_dropped: gone by quota, ever;
-- replayed: stored after all, ever.
CREATE TABLE tally (
  enterprise TEXT NOT NULL,
  code TEXT NOT NULL,
  letters INTEGER NOT NULL DEFAULT 0,
  readings INTEGER NOT NULL DEFAULT 0,
  kept INTEGER NOT NULL DEFAULT 0,
  with_payload INTEGER NOT NULL DEFAULT 0,
  payloads_dropped INTEGER NOT NULL DEFAULT 0,
  replayed INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (enterprise, code)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER letter_inserted AFTER INSERT ON letter BEGIN
  INSERT INTO tally (enterprise, code, letters, readings, kept, with_payload)
    VALUES (new.enterprise, new.code, 1, new.readings, 1, new.payload IS NOT NULL)
  ON CONFLICT (enterprise, code) DO UPDATE SET
    letters = letters + 1,
    readings = readings + excluded.readings,
    kept = kept + 1,
    with_payload = with_payload + excluded.with_payload;
END;

CREATE TRIGGER letter_lost_payload AFTER UPDATE OF payload ON letter
WHEN old.payload IS NOT NULL AND new.payload IS NULL BEGIN
  UPDATE tally SET
    with_payload = with_payload - 1,
    payloads_dropped = payloads_dropped + (new.replay <> 'stored')
  WHERE enterprise = new.enterprise AND code = new.code;
END;

CREATE TRIGGER letter_replayed AFTER UPDATE OF replay ON letter
WHEN old.replay <> 'stored' AND new.replay = 'stored' BEGIN
  UPDATE tally SET replayed = replayed + 1
  WHERE enterprise = new.enterprise AND code = new.code;
END;

CREATE TRIGGER letter_deleted AFTER DELETE ON letter BEGIN
  UPDATE tally SET kept = kept - 1, with_payload = with_payload - (old.payload IS NOT NULL)
  WHERE enterprise = old.enterprise AND code = old.code;
END;
`;

/**
 * The dead letters at `path`, in one process. A rollback journal that keeps its length, instead of
 * a write-ahead log: all content is in the file itself, so that it opens on a full disk, where a log
 * would first need room for its index; and letters can be removed there in small steps, as the
 * journal's room is taken already, where a log would have to grow. A commit costs two more syncs.
 */
export function deadLetterFile(path: string): DatabaseFile {
  return {
    path,
    pragmas: `
      PRAGMA journal_mode = PERSIST;
      PRAGMA journal_size_limit = 16777216;
      PRAGMA synchronous = FULL;
      PRAGMA cache_size = -16384;
      PRAGMA temp_store = MEMORY;
    `,
    migrations: [version1],
  };
}
