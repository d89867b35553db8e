-- What clients' Idempotency-Keys stand for, for a day; and which tasks were removed, until nothing of them is left anywhere.

CREATE TABLE request_key
(
  owner      TEXT NOT NULL,
  key        TEXT NOT NULL,
  body_hash  TEXT NOT NULL,
  task_id    TEXT NOT NULL,
  created_at INTEGER NOT NULL,   -- unix milliseconds
  PRIMARY KEY (owner, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX request_key_by_age ON request_key (created_at);

CREATE TABLE removed_task
(
  task_id    TEXT NOT NULL PRIMARY KEY,
  repo       TEXT NOT NULL,
  forge      TEXT NOT NULL,
  checkpoint TEXT,               -- what its own ref at the remote was last; null = nothing is there
  removed_at INTEGER NOT NULL    -- unix milliseconds
) STRICT, WITHOUT ROWID;

-- In the commit that removes the state: whoever cleans up later finds whom to clean up after.
CREATE TRIGGER task_removed AFTER DELETE ON OrleansStorage
WHEN OLD.GrainTypeString = 'task' AND OLD.PayloadBinary IS NOT NULL
BEGIN
  INSERT INTO removed_task (task_id, repo, forge, checkpoint, removed_at)
  VALUES (OLD.PayloadBinary ->> '$.id', OLD.PayloadBinary ->> '$.repo', OLD.PayloadBinary ->> '$.forge', OLD.PayloadBinary ->> '$.checkpoint',
    CAST(round(unixepoch('now', 'subsec') * 1000) AS INTEGER))
  ON CONFLICT (task_id) DO NOTHING;
END;
