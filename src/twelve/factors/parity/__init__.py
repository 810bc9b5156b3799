"""X. Dev/prod parity: what differs between two deploys, or two releases of one."""
