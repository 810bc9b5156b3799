"""XII. Admin processes: what was run once, by whom, in which release."""
