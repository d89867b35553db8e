-- What is to be told to others about tasks that have ended: noted in the commit that ends them, removed when it has been told.

CREATE TABLE notify_channel
(
  name     text NOT NULL PRIMARY KEY,
  statuses text NOT NULL               -- ",success,error,"
);

CREATE TABLE notification
(
  id         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  channel    text NOT NULL,
  body       text NOT NULL,            -- the task as it ended
  created_at bigint NOT NULL,
  tries      integer NOT NULL DEFAULT 0,
  due_at     bigint NOT NULL
);

CREATE INDEX notification_by_due ON notification (due_at);

CREATE FUNCTION task_note_end() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO notification (channel, body, created_at, due_at)
  SELECT c.name, s.body, NEW.finished_at, NEW.finished_at FROM notify_channel c JOIN state_body s ON s.state_row = NEW.state_row
  WHERE strpos(c.statuses, ',' || NEW.status || ',') > 0;
  RETURN NULL;
END;
$$;

CREATE TRIGGER task_ended AFTER UPDATE OF finished_at ON task_index FOR EACH ROW
WHEN (NEW.finished_at IS NOT NULL AND OLD.finished_at IS NULL) EXECUTE FUNCTION task_note_end();
