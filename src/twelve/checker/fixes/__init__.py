"""Mends what is mechanical and safe: one module a kind of file, and the table that names them."""
