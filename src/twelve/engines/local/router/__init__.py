"""The router: Envoy, told by three watched files."""
