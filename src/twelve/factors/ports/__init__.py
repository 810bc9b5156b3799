"""Factor VII, ports: where each process answers, and who is sent there."""
