-- How processes ended. What they said last is in the log stream, never here.
CREATE TABLE exits (
  id        INTEGER PRIMARY KEY,
  deploy_id INTEGER NOT NULL REFERENCES deploys (id) ON DELETE CASCADE,
  process   TEXT NOT NULL,       -- web.1
  release   TEXT NOT NULL,       -- v7
  at_ns     INTEGER NOT NULL,
  uptime    REAL NOT NULL,
  code      INTEGER,
  signal    TEXT,
  oom       INTEGER NOT NULL,
  memory    INTEGER,             -- the limit that it met
  error     TEXT NOT NULL,       -- of the kernel, when it could not even be started
  asked     INTEGER NOT NULL,    -- it was told to end
  again     REAL,                -- seconds until its next start; none: it rests
  UNIQUE (deploy_id, process, release, at_ns)
) STRICT;
