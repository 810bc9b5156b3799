"""III. Config: what differs between deploys, as environment variables."""
