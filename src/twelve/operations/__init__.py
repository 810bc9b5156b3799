"""The operations: one verb a module; they compose what rooms decide and engines do."""
