"""Factor IX, disposability: how a process may move from start to gone, when it is tried again, how it is told to end."""
