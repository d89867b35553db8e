-- Index, timeline and attempts of tasks, derived from the stored state in the same commit.
-- Times are unix milliseconds; the timeline keeps the state's own text.

CREATE TABLE task_index
(
  task_id      TEXT NOT NULL PRIMARY KEY,
  state_row    INTEGER NOT NULL,
  ending       TEXT NOT NULL,     -- the id's last ten characters backwards, so that an ending is a prefix
  shard        INTEGER NOT NULL,  -- 0..63, as WakeShard.Of
  owner        TEXT NOT NULL,
  repo         TEXT NOT NULL,
  forge        TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  status       TEXT NOT NULL,
  phase        TEXT NOT NULL,
  step         INTEGER NOT NULL,
  version      INTEGER NOT NULL,
  head_sha     TEXT,
  ci_since     INTEGER,
  run_id       TEXT,
  worker_id    TEXT,
  run_kind     TEXT,
  next_wake_at INTEGER,           -- rounded up: nobody is woken early
  updated_at   INTEGER NOT NULL,
  finished_at  INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX task_by_ending   ON task_index (ending);
CREATE INDEX task_by_owner    ON task_index (owner, task_id);
CREATE INDEX task_by_repo     ON task_index (repo, task_id);
CREATE INDEX task_by_status   ON task_index (status, task_id);
CREATE INDEX task_by_phase    ON task_index (phase, repo);
CREATE INDEX task_by_wake     ON task_index (shard, next_wake_at) WHERE next_wake_at IS NOT NULL;
CREATE INDEX task_by_worker   ON task_index (worker_id) WHERE worker_id IS NOT NULL;
CREATE INDEX task_by_finished ON task_index (finished_at) WHERE finished_at IS NOT NULL;

CREATE TABLE task_timeline
(
  task_id   TEXT NOT NULL,
  version   INTEGER NOT NULL,
  time      TEXT NOT NULL,
  status    TEXT NOT NULL,
  phase     TEXT NOT NULL,
  attempt   INTEGER NOT NULL,
  cause     TEXT NOT NULL,
  caused_by TEXT NOT NULL,
  detail    TEXT,
  PRIMARY KEY (task_id, version)
) STRICT;

CREATE TABLE task_attempt
(
  task_id TEXT NOT NULL,
  number  INTEGER NOT NULL,
  body    TEXT NOT NULL,
  PRIMARY KEY (task_id, number)
) STRICT;

-- Any state as JSON text; what lists join.
CREATE VIEW state_body AS SELECT StateRow AS state_row, PayloadBinary AS body FROM OrleansStorage;

-- What the index must say of each stored task: its triggers copy from here, a check compares with it.
CREATE VIEW task_row AS
SELECT
  body ->> '$.id' AS task_id,
  state_row,
  substr(body ->> '$.id', -1, 1) || substr(body ->> '$.id', -2, 1) || substr(body ->> '$.id', -3, 1) || substr(body ->> '$.id', -4, 1)
    || substr(body ->> '$.id', -5, 1) || substr(body ->> '$.id', -6, 1) || substr(body ->> '$.id', -7, 1) || substr(body ->> '$.id', -8, 1)
    || substr(body ->> '$.id', -9, 1) || substr(body ->> '$.id', -10, 1) AS ending,
  ((instr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(body ->> '$.id', -1, 1)) - 1) * 2
    + ((instr('0123456789ABCDEFGHJKMNPQRSTVWXYZ', substr(body ->> '$.id', -2, 1)) - 1) & 1)) & 63 AS shard,
  body ->> '$.owner' AS owner,
  body ->> '$.repo' AS repo,
  body ->> '$.forge' AS forge,
  CAST(round(unixepoch(body ->> '$.created_at', 'subsec') * 1000) AS INTEGER) AS created_at,
  body ->> '$.status' AS status,
  body ->> '$.phase' AS phase,
  body ->> '$.step' AS step,
  body ->> '$.version' AS version,
  body ->> '$.head_sha' AS head_sha,
  CAST(round(unixepoch(body ->> '$.ci_since', 'subsec') * 1000) AS INTEGER) AS ci_since,
  body ->> '$.run.run_id' AS run_id,
  body ->> '$.run.worker_id' AS worker_id,
  body ->> '$.run.kind' AS run_kind,
  CAST(round(unixepoch(body ->> '$.next_wake_at', 'subsec') * 1000) AS INTEGER) + 1 AS next_wake_at,
  CAST(round(unixepoch(body ->> '$.updated_at', 'subsec') * 1000) AS INTEGER) AS updated_at,
  CAST(round(unixepoch(body ->> '$.finished_at', 'subsec') * 1000) AS INTEGER) AS finished_at
FROM (SELECT StateRow AS state_row, PayloadBinary AS body FROM OrleansStorage WHERE GrainTypeString = 'task' AND PayloadBinary IS NOT NULL);

-- "Inserting" a state row's number into the view derives everything anew; both triggers on the storage table do that.
CREATE TRIGGER task_derive INSTEAD OF INSERT ON task_row
BEGIN
  INSERT INTO task_index SELECT * FROM task_row WHERE state_row = NEW.state_row
  ON CONFLICT (task_id) DO UPDATE SET
    state_row = excluded.state_row, status = excluded.status, phase = excluded.phase, step = excluded.step, version = excluded.version,
    head_sha = excluded.head_sha, ci_since = excluded.ci_since, run_id = excluded.run_id, worker_id = excluded.worker_id,
    run_kind = excluded.run_kind, next_wake_at = excluded.next_wake_at, updated_at = excluded.updated_at, finished_at = excluded.finished_at;

  INSERT INTO task_timeline
  SELECT body ->> '$.id', body ->> '$.version', body ->> '$.updated_at', body ->> '$.status', body ->> '$.phase', body ->> '$.attempts',
    body ->> '$.last.cause', body ->> '$.last.by', body ->> '$.last.detail'
  FROM state_body WHERE state_row = NEW.state_row
  ON CONFLICT (task_id, version) DO NOTHING;

  INSERT INTO task_attempt
  SELECT body ->> '$.id', body ->> '$.attempt.number', json_extract(body, '$.attempt')
  FROM state_body WHERE state_row = NEW.state_row AND body ->> '$.attempt' IS NOT NULL
  ON CONFLICT (task_id, number) DO UPDATE SET body = excluded.body WHERE body IS NOT excluded.body;
END;

CREATE TRIGGER task_added AFTER INSERT ON OrleansStorage
WHEN NEW.GrainTypeString = 'task' AND NEW.PayloadBinary IS NOT NULL
BEGIN
  INSERT INTO task_row (state_row) VALUES (NEW.StateRow);
END;

CREATE TRIGGER task_changed AFTER UPDATE OF PayloadBinary ON OrleansStorage
WHEN NEW.GrainTypeString = 'task' AND NEW.PayloadBinary IS NOT NULL
BEGIN
  INSERT INTO task_row (state_row) VALUES (NEW.StateRow);
END;

CREATE TRIGGER task_forget INSTEAD OF DELETE ON task_row
BEGIN
  DELETE FROM task_index WHERE task_id = OLD.task_id;
  DELETE FROM task_timeline WHERE task_id = OLD.task_id;
  DELETE FROM task_attempt WHERE task_id = OLD.task_id;
END;

CREATE TRIGGER task_cleared BEFORE UPDATE OF PayloadBinary ON OrleansStorage
WHEN OLD.GrainTypeString = 'task' AND OLD.PayloadBinary IS NOT NULL AND NEW.PayloadBinary IS NULL
BEGIN
  DELETE FROM task_row WHERE state_row = OLD.StateRow;
END;

CREATE TRIGGER task_deleted BEFORE DELETE ON OrleansStorage
WHEN OLD.GrainTypeString = 'task' AND OLD.PayloadBinary IS NOT NULL
BEGIN
  DELETE FROM task_row WHERE state_row = OLD.StateRow;
END;
