"""Resizing: CPU and memory of running containers, changed in place: ``rules`` (pure) judge, ``resizing`` does it."""
