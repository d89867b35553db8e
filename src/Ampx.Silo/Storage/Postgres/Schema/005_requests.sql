-- What clients' Idempotency-Keys stand for, for a day; and which tasks were removed, until nothing of them is left anywhere.

CREATE TABLE request_key
(
  owner      text COLLATE "C" NOT NULL,
  key        text COLLATE "C" NOT NULL,
  body_hash  text COLLATE "C" NOT NULL,
  task_id    text COLLATE "C" NOT NULL,
  created_at bigint NOT NULL,            -- unix milliseconds
  PRIMARY KEY (owner, key)
);

CREATE INDEX request_key_by_age ON request_key (created_at);

CREATE TABLE removed_task
(
  task_id    text COLLATE "C" NOT NULL PRIMARY KEY,
  repo       text COLLATE "C" NOT NULL,
  forge      text COLLATE "C" NOT NULL,
  checkpoint text COLLATE "C",           -- what its own ref at the remote was last; null = nothing is there
  removed_at bigint NOT NULL             -- unix milliseconds
);

-- In the commit that removes the state: whoever cleans up later finds whom to clean up after.
CREATE FUNCTION task_note_removed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  t jsonb := ampx_json(OLD.PayloadBinary);
BEGIN
  INSERT INTO removed_task VALUES (t ->> 'id', t ->> 'repo', t ->> 'forge', t ->> 'checkpoint', (extract(epoch FROM clock_timestamp()) * 1000)::bigint)
  ON CONFLICT (task_id) DO NOTHING;
  RETURN NULL;
END;
$$;

CREATE TRIGGER task_removed AFTER DELETE ON OrleansStorage FOR EACH ROW
WHEN (OLD.GrainTypeString = 'task' AND OLD.PayloadBinary IS NOT NULL) EXECUTE FUNCTION task_note_removed();
