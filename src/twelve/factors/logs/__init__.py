"""XI. Logs: what the processes said, as one stream of a deploy."""
