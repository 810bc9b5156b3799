"""Factor I, codebase: tells which commit of which app this is."""
