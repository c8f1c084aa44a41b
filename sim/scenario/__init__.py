"""Scenarios: the full specification, and the loader that makes it of a YAML file."""
