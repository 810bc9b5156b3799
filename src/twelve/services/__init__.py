"""The embedded servers: Postgres, Valkey; each behind the same small contract."""
