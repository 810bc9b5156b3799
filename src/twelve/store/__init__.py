"""The store: one SQLite file that one control plane owns, and a ledger for each noun."""
