"""Drains: where a deploy's log stream goes on to, and in what form."""
