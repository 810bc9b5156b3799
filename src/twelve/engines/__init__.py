"""The engines: they do what the rooms decided and the operations composed."""
