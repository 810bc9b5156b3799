"""Brings the database to what this version needs; run in the release phase, safe to run again."""

import os

import psycopg

STEPS = (
    "CREATE TABLE IF NOT EXISTS notes ("
    " id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,"
    " text text NOT NULL,"
    " written timestamptz NOT NULL DEFAULT now())",
)

with psycopg.connect(os.environ["DATABASE_URL"]) as connection:
    # Two releases at once: the second waits, then finds nothing to do.
    connection.execute("SELECT pg_advisory_xact_lock(12)")
    for step in STEPS:
        connection.execute(step)
print(f"{len(STEPS)} step(s) applied")
