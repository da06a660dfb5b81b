"""Runs programs of Shoal's SDK on Ray. See ../README.md."""
