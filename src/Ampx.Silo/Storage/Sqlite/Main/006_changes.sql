-- The order in which tasks changed last: numbers grow with each commit and are never used again, so that a reader who remembers one misses nothing.

CREATE TABLE task_change
(
  change  INTEGER PRIMARY KEY AUTOINCREMENT,
  task_id TEXT NOT NULL UNIQUE
) STRICT;

CREATE TRIGGER task_change_first AFTER INSERT ON task_index
BEGIN
  DELETE FROM task_change WHERE task_id = NEW.task_id;
  INSERT INTO task_change (task_id) VALUES (NEW.task_id);
END;

CREATE TRIGGER task_change_next AFTER UPDATE ON task_index
BEGIN
  DELETE FROM task_change WHERE task_id = NEW.task_id;
  INSERT INTO task_change (task_id) VALUES (NEW.task_id);
END;

CREATE TRIGGER task_change_forgotten AFTER DELETE ON task_index
BEGIN
  DELETE FROM task_change WHERE task_id = OLD.task_id;
END;
