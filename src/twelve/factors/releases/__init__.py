"""V. Build, release, run: what exactly runs, and what ran before."""
