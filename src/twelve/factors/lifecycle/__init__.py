"""Factor IX, disposability: from start to gone, when it is tried again, how it is told to end."""
