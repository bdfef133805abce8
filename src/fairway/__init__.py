"""Fairway: the Kubernetes Service made real in Python."""

__version__ = "0.1.0"
