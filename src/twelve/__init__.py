"""Twelve runs an app's codebase the twelve-factor way."""

__version__ = "0.1.0"
