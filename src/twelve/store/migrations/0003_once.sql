-- Calls that carried a key of their caller's own: each is made once, and answered alike when it comes again.
CREATE TABLE calls (
  who         TEXT NOT NULL,
  key         TEXT NOT NULL,
  fingerprint TEXT NOT NULL,     -- of method, path, query and body
  life        TEXT NOT NULL,     -- of the control plane that took the call
  status      INTEGER,           -- of the answer; none while it is under way
  answer      TEXT,
  at_ns       INTEGER NOT NULL,
  PRIMARY KEY (who, key)
) STRICT, WITHOUT ROWID;
