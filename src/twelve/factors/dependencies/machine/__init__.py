"""What an app asks of the machine that builds and runs it: interpreters and system packages."""
