-- The workers' signs of life. In a cluster they decide who may hold a run.

CREATE TABLE worker
(
  worker_id TEXT NOT NULL PRIMARY KEY,
  beat      INTEGER NOT NULL,  -- grows with each sign of life
  held_for  INTEGER NOT NULL   -- milliseconds: for so long from then on its runs are its own
) STRICT, WITHOUT ROWID;
