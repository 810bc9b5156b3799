-- Builds whose layers were removed keep their row: releases name them.
ALTER TABLE builds ADD COLUMN pruned_ns INTEGER;

-- Ports go round in a circle: the one given back last rests longest.
CREATE TABLE turns (
  name  TEXT PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;

-- A known text, sealed: it tells whether the master key is this home's.
CREATE TABLE seal (
  id     INTEGER PRIMARY KEY CHECK (id = 1),
  sealed BLOB NOT NULL
) STRICT;
