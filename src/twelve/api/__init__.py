"""The API: parse, call one operation, show."""
