"""The twelve rooms: each decides for one factor, and does nothing."""
