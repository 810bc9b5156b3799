"""The calls of the API, by noun: written by ``python -m tools.api_client``, not by hand."""
