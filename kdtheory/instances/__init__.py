"""Explicit instances: those that attain a bound, and those that refute a statement."""
