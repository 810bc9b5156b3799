CREATE TABLE apps (
  id          INTEGER PRIMARY KEY,
  name        TEXT NOT NULL UNIQUE,
  root_commit TEXT NOT NULL DEFAULT '',
  created_ns  INTEGER NOT NULL
) STRICT;

CREATE TABLE deploys (
  id         INTEGER PRIMARY KEY,
  app_id     INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  current    INTEGER,                       -- number of the release that serves
  stopped    TEXT NOT NULL DEFAULT '[]',    -- process types and processes that `ps stop` holds back
  formation  TEXT NOT NULL DEFAULT '{}',    -- quantities that were asked for, over the manifest's
  created_ns INTEGER NOT NULL,
  UNIQUE (app_id, name)
) STRICT;

CREATE TABLE builds (
  digest     TEXT NOT NULL,
  app_id     INTEGER NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
  plain      TEXT NOT NULL,
  created_ns INTEGER NOT NULL,
  PRIMARY KEY (app_id, digest)
) STRICT;

-- Config and attachments are versioned alike: a version is a set of names, each bound to the version that set it.
CREATE TABLE versions (
  deploy_id INTEGER NOT NULL REFERENCES deploys (id) ON DELETE CASCADE,
  kind      TEXT NOT NULL CHECK (kind IN ('config', 'attachments')),
  version   INTEGER NOT NULL,
  parent    INTEGER NOT NULL,
  state     TEXT NOT NULL CHECK (state IN ('head', 'past', 'failed')),
  who       TEXT NOT NULL,
  note      TEXT NOT NULL,
  at_ns     INTEGER NOT NULL,
  PRIMARY KEY (deploy_id, kind, version)
) STRICT;

CREATE TABLE members (
  deploy_id INTEGER NOT NULL,
  kind      TEXT NOT NULL,
  version   INTEGER NOT NULL,
  name      TEXT NOT NULL,
  set_in    INTEGER NOT NULL,
  PRIMARY KEY (deploy_id, kind, version, name),
  FOREIGN KEY (deploy_id, kind, version) REFERENCES versions (deploy_id, kind, version) ON DELETE CASCADE
) STRICT;

CREATE TABLE sealed_values (
  deploy_id INTEGER NOT NULL REFERENCES deploys (id) ON DELETE CASCADE,
  kind      TEXT NOT NULL,
  name      TEXT NOT NULL,
  set_in    INTEGER NOT NULL,
  sealed    BLOB NOT NULL,
  PRIMARY KEY (deploy_id, kind, name, set_in)
) STRICT;

CREATE TABLE resources (
  id         INTEGER PRIMARY KEY,
  name       TEXT NOT NULL UNIQUE,
  kind       TEXT NOT NULL,
  owner_id   INTEGER REFERENCES deploys (id) ON DELETE SET NULL,
  sealed     BLOB NOT NULL,
  created_ns INTEGER NOT NULL
) STRICT;

CREATE TABLE releases (
  deploy_id   INTEGER NOT NULL REFERENCES deploys (id) ON DELETE CASCADE,
  number      INTEGER NOT NULL,
  build       TEXT NOT NULL,
  config      INTEGER NOT NULL,
  attachments INTEGER NOT NULL,
  formation   TEXT NOT NULL,     -- {type: quantity}
  runtimes    TEXT NOT NULL,     -- {type: number of the release whose processes run}
  digest      TEXT NOT NULL,     -- of build + config + attachments
  reason      TEXT NOT NULL,
  who         TEXT NOT NULL,
  at_ns       INTEGER NOT NULL,
  PRIMARY KEY (deploy_id, number)
) STRICT;

CREATE TRIGGER releases_are_immutable BEFORE UPDATE ON releases
BEGIN SELECT RAISE(ABORT, 'a release is never edited'); END;

CREATE TABLE release_events (
  id        INTEGER PRIMARY KEY,
  deploy_id INTEGER NOT NULL REFERENCES deploys (id) ON DELETE CASCADE,
  number    INTEGER NOT NULL,
  kind      TEXT NOT NULL,
  detail    TEXT NOT NULL,
  at_ns     INTEGER NOT NULL
) STRICT;

CREATE TRIGGER release_events_are_only_appended BEFORE UPDATE ON release_events
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TABLE journal (
  id         INTEGER PRIMARY KEY,
  deploy_id  INTEGER NOT NULL REFERENCES deploys (id) ON DELETE CASCADE,
  verb       TEXT NOT NULL,
  number     INTEGER,            -- the release that the attempt made, once it has one
  step       TEXT NOT NULL,
  detail     TEXT NOT NULL DEFAULT '{}',
  who        TEXT NOT NULL,
  at_ns      INTEGER NOT NULL,
  ended_ns   INTEGER,
  outcome    TEXT
) STRICT;

CREATE TABLE runs (
  id         TEXT PRIMARY KEY,
  deploy_id  INTEGER NOT NULL REFERENCES deploys (id) ON DELETE CASCADE,
  number     INTEGER NOT NULL,
  kind       TEXT NOT NULL CHECK (kind IN ('run', 'release', 'schedule')),
  command    TEXT NOT NULL,      -- JSON list of words
  who        TEXT NOT NULL,
  detached   INTEGER NOT NULL,
  started_ns INTEGER NOT NULL,
  ended_ns   INTEGER,
  code       INTEGER,
  signal     TEXT
) STRICT;

CREATE TABLE domains (
  host      TEXT PRIMARY KEY,
  deploy_id INTEGER NOT NULL REFERENCES deploys (id) ON DELETE CASCADE
) STRICT;

CREATE TABLE ports (
  port    INTEGER PRIMARY KEY,
  process TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE uids (
  uid     INTEGER PRIMARY KEY,
  purpose TEXT NOT NULL UNIQUE
) STRICT;
