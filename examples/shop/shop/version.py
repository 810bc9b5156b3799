"""What this code calls itself: in the footer, at /version and in each answer's header."""

VERSION = "1"
