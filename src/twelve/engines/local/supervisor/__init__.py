"""The supervisor: the one process that starts anything, keeps it running and knows how it ended."""
