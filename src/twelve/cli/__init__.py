"""The command line: parse, call one operation through the API, show."""
