"""IV. Backing services: which resources are attached, and under what name."""
