-- What is to be told to others about tasks that have ended: noted in the commit that ends them, removed when it has been told.

CREATE TABLE notify_channel
(
  name     TEXT NOT NULL PRIMARY KEY,
  statuses TEXT NOT NULL              -- ",success,error,"
) STRICT;

CREATE TABLE notification
(
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  channel    TEXT NOT NULL,
  body       TEXT NOT NULL,           -- the task as it ended
  created_at INTEGER NOT NULL,
  tries      INTEGER NOT NULL DEFAULT 0,
  due_at     INTEGER NOT NULL
) STRICT;

CREATE INDEX notification_by_due ON notification (due_at);

CREATE TRIGGER task_ended AFTER UPDATE OF finished_at ON task_index
WHEN NEW.finished_at IS NOT NULL AND OLD.finished_at IS NULL
BEGIN
  INSERT INTO notification (channel, body, created_at, due_at)
  SELECT c.name, s.body, NEW.finished_at, NEW.finished_at FROM notify_channel c JOIN state_body s ON s.state_row = NEW.state_row
  WHERE instr(c.statuses, ',' || NEW.status || ',') > 0;
END;
