"""VIII. Concurrency: how many processes of each type."""
