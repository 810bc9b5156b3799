-- How far a schedule's clock has been looked at; another cron or zone begins anew.
CREATE TABLE schedules (
  deploy_id  INTEGER NOT NULL REFERENCES deploys (id) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  cron       TEXT NOT NULL,
  timezone   TEXT NOT NULL,
  decided_ns INTEGER NOT NULL,
  PRIMARY KEY (deploy_id, name)
) STRICT, WITHOUT ROWID;

-- What became of each tick. The row is there before anything starts, so none is run twice.
CREATE TABLE ticks (
  id        INTEGER PRIMARY KEY,
  deploy_id INTEGER NOT NULL REFERENCES deploys (id) ON DELETE CASCADE,
  schedule  TEXT NOT NULL,
  tick_ns   INTEGER NOT NULL,
  until_ns  INTEGER NOT NULL,     -- the last of several that were missed together
  times     INTEGER NOT NULL,
  fate      TEXT NOT NULL CHECK (fate IN ('run', 'late', 'missed')),
  why       TEXT NOT NULL,
  run_id    TEXT REFERENCES runs (id) ON DELETE SET NULL,
  at_ns     INTEGER NOT NULL,
  UNIQUE (deploy_id, schedule, tick_ns)
) STRICT;
CREATE INDEX ticks_by_run ON ticks (run_id);
