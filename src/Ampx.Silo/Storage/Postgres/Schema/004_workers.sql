-- The workers' signs of life. In a cluster they decide who may hold a run.

CREATE TABLE worker
(
  worker_id text COLLATE "C" NOT NULL PRIMARY KEY,
  beat      bigint NOT NULL,  -- grows with each sign of life
  held_for  bigint NOT NULL   -- milliseconds: for so long from then on its runs are its own
);
