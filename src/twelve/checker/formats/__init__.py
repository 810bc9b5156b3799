"""The shapes of a report: one module a format, and the table that names them."""
