"""What a Python app declares, and how a build installs it."""
