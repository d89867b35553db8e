-- Index, timeline and attempts of tasks, derived from the stored state in the same commit.
-- Times are unix milliseconds; the timeline keeps the state's own text. What is compared or sorted goes by its bytes.

CREATE TABLE task_index
(
  task_id      text COLLATE "C" NOT NULL PRIMARY KEY,
  state_row    bigint NOT NULL,
  ending       text COLLATE "C" NOT NULL,  -- the id's last ten characters backwards, so that an ending is a prefix
  shard        integer NOT NULL,           -- 0..63, as WakeShard.Of
  owner        text COLLATE "C" NOT NULL,
  repo         text COLLATE "C" NOT NULL,
  forge        text COLLATE "C" NOT NULL,
  created_at   bigint NOT NULL,
  status       text COLLATE "C" NOT NULL,
  phase        text COLLATE "C" NOT NULL,
  step         integer NOT NULL,
  version      integer NOT NULL,
  head_sha     text COLLATE "C",
  ci_since     bigint,
  run_id       text COLLATE "C",
  worker_id    text COLLATE "C",
  run_kind     text COLLATE "C",
  next_wake_at bigint,                     -- rounded up: nobody is woken early
  updated_at   bigint NOT NULL,
  finished_at  bigint
);

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
  task_id   text COLLATE "C" NOT NULL,
  version   integer NOT NULL,
  time      text NOT NULL,
  status    text NOT NULL,
  phase     text NOT NULL,
  attempt   integer NOT NULL,
  cause     text NOT NULL,
  caused_by text NOT NULL,
  detail    text,
  PRIMARY KEY (task_id, version)
);

CREATE TABLE task_attempt
(
  task_id text COLLATE "C" NOT NULL,
  number  integer NOT NULL,
  body    text NOT NULL,
  PRIMARY KEY (task_id, number)
);

-- Any state as JSON text; what lists join.
CREATE VIEW state_body AS SELECT StateRow AS state_row, PayloadBinary AS body FROM OrleansStorage;

-- jsonb has no NUL: where one was written, the derived rows show a sign.
CREATE FUNCTION ampx_json(body text) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN (CASE WHEN strpos(body, '\u0000') = 0 THEN body ELSE regexp_replace(body, '(?<!\\)((\\\\)*)\\u0000', '\1\\u2400', 'g') END)::jsonb;

CREATE FUNCTION ampx_ms(moment text) RETURNS bigint LANGUAGE sql STABLE RETURN round(extract(epoch FROM moment::timestamptz) * 1000)::bigint;

-- The digit's value in Crockford's alphabet.
CREATE FUNCTION ampx_digit(digit text) RETURNS integer LANGUAGE sql IMMUTABLE RETURN strpos('0123456789ABCDEFGHJKMNPQRSTVWXYZ', digit) - 1;

-- What the index must say of a stored task: the triggers copy from here, a check compares with it.
CREATE FUNCTION task_row_of(state_row bigint, body text) RETURNS task_index LANGUAGE sql STABLE AS $$
  SELECT (
    t ->> 'id', state_row, reverse(right(t ->> 'id', 10)),
    (ampx_digit(right(t ->> 'id', 1)) * 2 + (ampx_digit(left(right(t ->> 'id', 2), 1)) & 1)) & 63,
    t ->> 'owner', t ->> 'repo', t ->> 'forge', ampx_ms(t ->> 'created_at'), t ->> 'status', t ->> 'phase', (t ->> 'step')::integer, (t ->> 'version')::integer,
    t ->> 'head_sha', ampx_ms(t ->> 'ci_since'), t #>> '{run,run_id}', t #>> '{run,worker_id}', t #>> '{run,kind}',
    ampx_ms(t ->> 'next_wake_at') + 1, ampx_ms(t ->> 'updated_at'), ampx_ms(t ->> 'finished_at'))::task_index
  FROM ampx_json(body) t
$$;

CREATE VIEW task_row AS
SELECT r.* FROM OrleansStorage s, task_row_of(s.StateRow, s.PayloadBinary) r WHERE s.GrainTypeString = 'task' AND s.PayloadBinary IS NOT NULL;

CREATE FUNCTION task_forget(forgotten text) RETURNS void LANGUAGE sql AS $$
  DELETE FROM task_index WHERE task_id = forgotten;
  DELETE FROM task_timeline WHERE task_id = forgotten;
  DELETE FROM task_attempt WHERE task_id = forgotten;
$$;

CREATE FUNCTION task_derive() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  t jsonb;
BEGIN
  IF TG_OP = 'DELETE' OR NEW.PayloadBinary IS NULL THEN
    PERFORM task_forget(ampx_json(OLD.PayloadBinary) ->> 'id');
    RETURN NULL;
  END IF;

  INSERT INTO task_index SELECT * FROM task_row_of(NEW.StateRow, NEW.PayloadBinary)
  ON CONFLICT (task_id) DO UPDATE SET
    state_row = excluded.state_row, status = excluded.status, phase = excluded.phase, step = excluded.step, version = excluded.version,
    head_sha = excluded.head_sha, ci_since = excluded.ci_since, run_id = excluded.run_id, worker_id = excluded.worker_id,
    run_kind = excluded.run_kind, next_wake_at = excluded.next_wake_at, updated_at = excluded.updated_at, finished_at = excluded.finished_at;

  t := ampx_json(NEW.PayloadBinary);
  INSERT INTO task_timeline VALUES (
    t ->> 'id', (t ->> 'version')::integer, t ->> 'updated_at', t ->> 'status', t ->> 'phase', (t ->> 'attempts')::integer,
    t #>> '{last,cause}', t #>> '{last,by}', t #>> '{last,detail}')
  ON CONFLICT (task_id, version) DO NOTHING;

  IF jsonb_typeof(t -> 'attempt') = 'object' THEN
    INSERT INTO task_attempt AS kept VALUES (t ->> 'id', (t #>> '{attempt,number}')::integer, (t -> 'attempt')::text)
    ON CONFLICT (task_id, number) DO UPDATE SET body = excluded.body WHERE kept.body IS DISTINCT FROM excluded.body;
  END IF;

  RETURN NULL;
END;
$$;

CREATE TRIGGER task_added AFTER INSERT ON OrleansStorage FOR EACH ROW
WHEN (NEW.GrainTypeString = 'task' AND NEW.PayloadBinary IS NOT NULL) EXECUTE FUNCTION task_derive();

CREATE TRIGGER task_changed AFTER UPDATE OF PayloadBinary ON OrleansStorage FOR EACH ROW
WHEN (NEW.GrainTypeString = 'task' AND (NEW.PayloadBinary IS NOT NULL OR OLD.PayloadBinary IS NOT NULL)) EXECUTE FUNCTION task_derive();

CREATE TRIGGER task_deleted AFTER DELETE ON OrleansStorage FOR EACH ROW
WHEN (OLD.GrainTypeString = 'task' AND OLD.PayloadBinary IS NOT NULL) EXECUTE FUNCTION task_derive();
