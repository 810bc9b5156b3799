"""Early: a supervisor that starts processes before anything else of Twelve is there."""
