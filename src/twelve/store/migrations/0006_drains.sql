-- Where log streams go on to; the addresses are sealed like every secret.
CREATE TABLE drains (
  key        TEXT PRIMARY KEY,
  deploy_id  INTEGER NOT NULL REFERENCES deploys (id) ON DELETE CASCADE,
  name       TEXT NOT NULL,
  sealed     BLOB NOT NULL,
  created_ns INTEGER NOT NULL,
  UNIQUE (deploy_id, name)
) STRICT;
