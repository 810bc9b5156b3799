"""The local engine: one machine, without root, containers or anything to install first."""
