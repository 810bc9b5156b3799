"""The lock files of Python's package managers, each read as what is to be installed."""
