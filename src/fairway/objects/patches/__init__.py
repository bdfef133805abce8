"""Patch formats: pure functions from (object, patch) to object."""
