"""Factor II, dependencies: tells what the app needs, and whether all of that is declared."""
