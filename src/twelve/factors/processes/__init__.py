"""VI. Processes: what an app runs, and what each of its processes is given."""
