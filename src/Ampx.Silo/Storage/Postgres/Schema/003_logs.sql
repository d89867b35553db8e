-- Log lines of tasks in chunks; see LogWriter. A chunk of a run's output also says which bytes of the run file it holds.

CREATE TABLE log_chunk
(
  chunk     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  task_id   text COLLATE "C" NOT NULL,
  first_seq bigint NOT NULL,
  last_seq  bigint NOT NULL,    -- first_seq - 1 where the bytes hold no line
  attempt   integer NOT NULL,
  source    text COLLATE "C" NOT NULL,
  stream    text COLLATE "C" NOT NULL,
  time      bigint NOT NULL,    -- unix milliseconds
  run_id    text COLLATE "C",
  byte_from bigint,
  byte_to   bigint,
  lines     text NOT NULL       -- joined by line feeds
);

CREATE INDEX log_by_task ON log_chunk (task_id, last_seq);
CREATE UNIQUE INDEX log_no_doubles ON log_chunk (task_id, first_seq) WHERE last_seq >= first_seq;
CREATE UNIQUE INDEX log_by_run ON log_chunk (run_id, stream, byte_from) WHERE run_id IS NOT NULL;
