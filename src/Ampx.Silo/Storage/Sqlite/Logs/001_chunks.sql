-- Log lines of tasks in chunks; see LogWriter. A chunk of a run's output also says which bytes of the run file it holds.

CREATE TABLE log_chunk
(
  chunk     INTEGER PRIMARY KEY,
  task_id   TEXT NOT NULL,
  first_seq INTEGER NOT NULL,
  last_seq  INTEGER NOT NULL,    -- first_seq - 1 where the bytes hold no line
  attempt   INTEGER NOT NULL,
  source    TEXT NOT NULL,
  stream    TEXT NOT NULL,
  time      INTEGER NOT NULL,    -- unix milliseconds
  run_id    TEXT,
  byte_from INTEGER,
  byte_to   INTEGER,
  lines     TEXT NOT NULL        -- joined by line feeds
) STRICT;

CREATE INDEX log_by_task ON log_chunk (task_id, last_seq);
CREATE UNIQUE INDEX log_no_doubles ON log_chunk (task_id, first_seq) WHERE last_seq >= first_seq;
CREATE UNIQUE INDEX log_by_run ON log_chunk (run_id, stream, byte_from) WHERE run_id IS NOT NULL;
