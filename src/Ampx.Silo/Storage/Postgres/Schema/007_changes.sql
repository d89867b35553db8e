-- The transaction that changed each task last. Transactions commit in another order than they begin: a reader goes on from the oldest that
-- was still open when it read, and so misses nothing.

CREATE TABLE task_change
(
  task_id text COLLATE "C" NOT NULL PRIMARY KEY,
  tx      xid8 NOT NULL
);

CREATE INDEX task_change_by_tx ON task_change (tx);

CREATE FUNCTION task_note_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    DELETE FROM task_change WHERE task_id = OLD.task_id;
  ELSE
    INSERT INTO task_change VALUES (NEW.task_id, pg_current_xact_id()) ON CONFLICT (task_id) DO UPDATE SET tx = excluded.tx;
  END IF;
  RETURN NULL;
END;
$$;

CREATE TRIGGER task_change_noted AFTER INSERT OR UPDATE OR DELETE ON task_index FOR EACH ROW EXECUTE FUNCTION task_note_change();
